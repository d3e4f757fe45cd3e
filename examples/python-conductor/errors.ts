import { RemoteException } from 'nestjs-oslo-messaging';

/** Python module of the exceptions. */
export const ERRORS = 'conductor_errors';

/** Raised by the conductor. */
@RemoteException({ module: ERRORS })
export class VnfNotFound extends Error {}

/** Thrown here, and passed on by the conductor. */
@RemoteException({ module: ERRORS })
export class QuotaExceeded extends Error {}
