import type { RabbitControl } from './rabbit-control.js';

const ENVIRONMENT = 'base64:encode(term_to_binary(application:get_all_env(rabbit))).';

/** Returns a node to its state after its first start, within milliseconds and without a restart. */
export class RabbitReset {
  private constructor(
    private readonly control: RabbitControl,
    private readonly environment: string,
  ) {}

  /** Notes the settings of a node that has just started. */
  static async note(control: RabbitControl): Promise<RabbitReset> {
    return new RabbitReset(control, binaryIn(await control.rabbitmqctl('eval', ENVIRONMENT)));
  }

  /** Ends all connections, and undoes all that clients, operators and `application:set_env` have changed. */
  async run(): Promise<void> {
    const done = await this.control.rabbitmqctl('eval', `${expressions(this.environment).join(', ')}.`);
    if (!/\breset\b/.test(done)) throw new Error(`The node cannot be reset: ${done}`);
  }
}

const expressions = (environment: string) => [
  // The user of a node's own changes, such as the first virtual host and its exchanges.
  'Actor = <<"rmq-internal">>',
  `Before = binary_to_term(base64:decode("${environment}"))`,
  'Now = application:get_all_env(rabbit)',
  '[application:unset_env(rabbit, Key) || {Key, _} <- Now, not lists:keymember(Key, 1, Before)]',
  '[application:set_env(rabbit, Key, Value) || {Key, Value} <- Before -- Now]',
  'vm_memory_monitor:set_vm_memory_high_watermark(proplists:get_value(vm_memory_high_watermark, Before))',
  'rabbit_disk_monitor:set_disk_free_limit(proplists:get_value(disk_free_limit, Before))',
  // Takes their connections, queues, exchanges, policies and permissions away.
  '[ok = rabbit_vhost:delete(Name, Actor) || Name <- rabbit_vhost:list_names()]',
  'Users = [proplists:get_value(user, User) || User <- rabbit_auth_backend_internal:list_users()]',
  '[rabbit_auth_backend_internal:delete_user(User, Actor) || User <- Users, User =/= <<"guest">>]',
  'ok = rabbit_auth_backend_internal:clear_user_limits(<<"guest">>, <<"all">>, Actor)',
  'ok = rabbit_vhost:add(<<"/">>, Actor)',
  'Any = <<".*">>',
  'ok = rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"/">>, Any, Any, Any, Actor)',
  'reset',
];

/** Returns the binary that the node has printed, maybe in pieces. */
function binaryIn(printed: string): string {
  return [...printed.matchAll(/"([^"]*)"/g)].map(([, piece]) => piece).join('');
}
