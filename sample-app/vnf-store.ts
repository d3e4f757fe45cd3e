import { Injectable } from '@nestjs/common';
import { type Vnf, VnfNotFound } from './vnf.js';

/** Database of the conductor, in memory. */
@Injectable()
export class VnfStore {
  readonly #vnfs = new Map<string, Vnf>();

  get(id: string): Vnf {
    const vnf = this.#vnfs.get(id);
    if (!vnf) throw new VnfNotFound(`VNF ${id} could not be found.`);
    return vnf;
  }

  list(): Vnf[] {
    return [...this.#vnfs.values()];
  }

  save(vnf: Vnf): Vnf {
    this.#vnfs.set(vnf.id, vnf);
    return vnf;
  }

  remove(id: string): void {
    this.#vnfs.delete(id);
  }
}
