/** Namespace by which discovery shows that a server is a demonstration server. */
export const DEMONSTRATION_NAMESPACE = 'oslo-rpc.demonstration';
