const SUFFIX = /(?:RPC|Rpc)?(?:API|Api|Client|Rpc|RPC)(?:Mixin)?$/;

/** Returns the name of the exported API of a Python class: `VolumeAPI` gives `volumeApi`, `WorkerClient` `workerApi`. */
export function apiNameOf(className: string): string {
  const stem = className.replace(SUFFIX, '').replace(/^_+/, '');
  return `${lowerFirst(stem === '' ? 'rpc' : stem)}Api`;
}

/** Returns the name of the Nest class that answers an API: `volumeApi` gives `VolumeEndpoint`. */
export function endpointNameOf(apiName: string): string {
  const stem = apiName.replace(/Api$/, '');
  return `${stem.charAt(0).toUpperCase()}${stem.slice(1)}Endpoint`;
}

/** Puts the first word in lower case, also an acronym: `VNFLcm` gives `vnfLcm`. */
function lowerFirst(name: string): string {
  return name.replace(/^[A-Z]+(?=[A-Z][a-z]|$)|^[A-Z]/, (word) => word.toLowerCase());
}
