import { CallForm } from '../form/call-form.js';
import { methodId, placeOf, placesOf, topicId } from '../form/call-place.js';
import { methodName, plural } from '../parts/format.js';
import { Empty, Panel } from '../parts/panel.js';
import { href, setFilters, useRoute } from '../state/route.js';
import { useStore } from '../state/store.js';

/** Form to make a call or cast from the contract of a topic. */
export function CallView() {
  const { snapshot } = useStore();
  const { query } = useRoute();
  const { topics = [] } = snapshot ?? {};
  const chosen = placeOf(topics, query);
  if (!snapshot || !chosen)
    return (
      <Empty title="There is nothing to call yet">
        A form appears for each method below <a href={href('topics')}>Topics</a>.
      </Empty>
    );
  const { topic, place } = chosen;
  const places = placesOf(topic);
  const chooseTopic = (id: string) => {
    const [transport, exchange, name] = JSON.parse(id) as [string | null, string, string];
    setFilters({ transport: transport ?? '', exchange, topic: name, namespace: '', api: '', method: '' });
  };
  const chooseMethod = (id: string) => {
    const [namespace, api, method] = JSON.parse(id) as [string | null, string, string];
    const { topic: name, exchange, transport } = topic;
    setFilters({ transport: transport ?? '', exchange, topic: name, namespace: namespace ?? '', api, method });
  };
  return (
    <Panel title="Make a call">
      {!snapshot.can.call && <p class="notice">{whyNot(snapshot.readOnly, snapshot.source)}</p>}
      <div class="form-row">
        <label class="form-field">
          <span>Topic</span>
          <select value={topicId(topic)} onChange={(event) => chooseTopic(event.currentTarget.value)}>
            {topics.map((one) => (
              <option key={topicId(one)} value={topicId(one)}>
                {one.topic} {one.exchange !== '' && `(${one.exchange})`}
              </option>
            ))}
          </select>
        </label>
        <label class="form-field grow">
          <span>
            Method <span class="muted">{plural(places.length, 'method')}</span>
          </span>
          <select
            value={place ? methodId(place) : ''}
            disabled={places.length === 0}
            onChange={(event) => chooseMethod(event.currentTarget.value)}
          >
            {places.map((one) => (
              <option key={methodId(one)} value={methodId(one)}>
                {methodName({ namespace: one.api.namespace, method: one.method.name })} ({one.api.version})
              </option>
            ))}
          </select>
        </label>
      </div>
      {place ? (
        <CallForm key={`${topicId(topic)} ${methodId(place)}`} place={place} isAllowed={snapshot.can.call} />
      ) : (
        <Empty title="No method of this topic is known">
          Its servers do not answer discovery. Use <code>oslo-rpc call</code> with the name of the method.
        </Empty>
      )}
    </Panel>
  );
}

function whyNot(readOnly: boolean, source: string): string {
  if (!readOnly) return 'Calls are not allowed here.';
  const remedy =
    source === 'application' ? 'readOnly: false in OsloExplorerModule.register' : 'oslo-rpc explore --write';
  return `The explorer is read-only, so that nothing can be sent. To allow calls: ${remedy}.`;
}
