const SUFFIX = /(?:RPC|Rpc)?(?:API|Api|Client|Rpc|RPC)(?:Mixin)?$/;
/** Names that the generated file imports, and what they become. */
const IMPORTED = new Map([
  ['defineRpcApi', 'defineRpcClassApi'],
  ['RpcEndpoint', 'RpcApiEndpoint'],
]);

/** Returns the name of the exported API of a Python class: `VolumeAPI` gives `volumeApi`, `WorkerClient` `workerApi`. */
export function apiNameOf(className: string): string {
  const stem = className
    .replace(SUFFIX, '')
    // Python and TypeScript do not allow the same letters in names.
    .replace(/[^\p{ID_Continue}$]/gu, '')
    .replace(/^_+/, '');
  const begins = stem === '' ? 'rpc' : /^\p{ID_Start}/u.test(stem) ? stem : `rpc${stem}`;
  return ownName(`${lowerFirst(begins)}Api`);
}

/** Returns the name of the Nest class that answers an API: `volumeApi` gives `VolumeEndpoint`. */
export function endpointNameOf(apiName: string): string {
  const stem = apiName.replace(/Api$/, '');
  return ownName(`${stem.charAt(0).toUpperCase()}${stem.slice(1)}Endpoint`);
}

function ownName(name: string): string {
  return IMPORTED.get(name) ?? name;
}

/** Puts the first word in lower case, also an acronym: `VNFLcm` gives `vnfLcm`. */
function lowerFirst(name: string): string {
  return name.replace(/^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]/, (word) => word.toLowerCase());
}
