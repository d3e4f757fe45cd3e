import { call, cast, defineRpcApi } from 'nestjs-oslo-messaging';
import * as v from 'valibot';
import * as z from 'zod';

export interface Vnf {
  readonly id: string;
  readonly name: string;
}

/** Arguments whose schema changes them: a default, and a text that becomes a number. */
export const ScaleArgs = z.object({ vnf_id: z.string().min(2), steps: z.coerce.number().int().default(1) });
/** Result whose schema changes it. */
export const VnfSchema = v.object({
  id: v.string(),
  at: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
});

/** An API of each kind of method. @param topic of its own for each test */
export function conductorApi(topic: string) {
  return defineRpcApi({
    topic,
    exchange: 'contracts',
    version: '1.10',
    versionAliases: { antelope: '1.0', bobcat: '1.2' },
    methods: {
      get: call<{ vnf_id: string }, Vnf>({ idempotent: true }),
      list: call<{ limit?: number }, string[]>(),
      instantiate: cast<{ vnf_id: string; name: string }>(),
      heal: cast<{ vnf_id: string; cause?: string }, '1.2' | '1.0'>({
        since: '1.2',
        fallback: { version: '1.0', args: ({ vnf_id }) => ({ vnf_id }) },
      }),
      scale: call({ args: ScaleArgs, result: VnfSchema, since: '1.9' }),
      newest: call<{ a: number }, string, '1.10'>({ since: '1.10' }),
      inventory: cast<{ name: string }>({ fanout: true, name: 'take_inventory' }),
      reboot: call<{ host: string }, string>({ server: ({ host }) => host, timeout: '10s' }),
    },
  });
}

export type ConductorApi = ReturnType<typeof conductorApi>;
