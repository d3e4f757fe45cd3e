import { useId, useRef, useState } from 'preact/hooks';
import type { CallRequest } from '../../protocol.js';
import { sendCall, textOf } from '../state/requests.js';
import type { CallPlace } from './call-place.js';
import { CallOutcome, type CallState } from './call-result.js';
import { type FieldErrors, readFields, readJson, type Texts, writeFields } from './field-values.js';
import { Fields } from './fields.js';
import { propertiesOf } from './schema-shape.js';

interface CallFormProps {
  readonly place: CallPlace;
  readonly isAllowed: boolean;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Form of one method: fields from its schema, or JSON. */
export function CallForm({ place, isAllowed }: CallFormProps) {
  const { topic, api, method } = place;
  const properties = propertiesOf(method.args);
  const [isJson, setIsJson] = useState(properties === undefined);
  const [texts, setTexts] = useState<Texts>(() => writeFields(properties ?? [], method.example));
  const [json, setJson] = useState(() => JSON.stringify(method.example, null, 2));
  const [kind, setKind] = useState<CallRequest['kind']>(
    method.fanout ? 'fanout' : method.kind === 'cast' ? 'cast' : 'call',
  );
  const [server, setServer] = useState(method.toServer ? (topic.servers[0]?.name ?? '') : '');
  const [timeout, setTimeout_] = useState('10');
  const [context, setContext] = useState('');
  const [errors, setErrors] = useState<FieldErrors>({});
  const [call, setCall] = useState<CallState>({ state: 'none' });
  const form = useRef<HTMLFormElement>(null);
  const id = useId();
  const isSent = call.state === 'sent';

  const read = () => (isJson || !properties ? readObject(json, 'json') : readFields(properties, texts));
  const switchTo = (next: boolean) => {
    const { value, errors: found } = read();
    setErrors(found);
    if (Object.keys(found).length > 0) return;
    if (next) setJson(JSON.stringify(value, null, 2));
    else setTexts(writeFields(properties ?? [], value));
    setIsJson(next);
  };
  const submit = async () => {
    const args = read();
    const given = context.trim() === '' ? { value: undefined, errors: {} } : readObject(context, 'context');
    const seconds = Number(timeout);
    const wrong = seconds > 0 && seconds <= 60 ? {} : { timeout: 'From 0 to 60 seconds.' };
    const found = { ...args.errors, ...given.errors, ...wrong };
    setErrors(found);
    if (Object.keys(found).length > 0) {
      setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    const what = `${kind} ${method.name}`;
    setCall({ state: 'sent', what });
    try {
      const result = await sendCall({
        transport: topic.transport,
        exchange: topic.exchange,
        topic: topic.topic,
        server: server.trim() === '' || kind === 'fanout' ? null : server.trim(),
        namespace: api.namespace,
        version: method.since,
        method: method.name,
        kind,
        args: args.value ?? {},
        ...(given.value && { context: given.value }),
        timeout: seconds * 1000,
      });
      setCall({ state: 'done', what, result });
    } catch (error) {
      setCall({ state: 'failed', text: textOf(error) });
    }
  };

  return (
    <form
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (isAllowed && !isSent) void submit();
      }}
    >
      {method.doc !== null && <p>{method.doc}</p>}
      <fieldset class="bare" disabled={!isAllowed}>
        <fieldset class="tabs" aria-label="Input of the arguments">
          <button type="button" aria-pressed={!isJson} disabled={!properties} onClick={() => isJson && switchTo(false)}>
            Fields
          </button>
          <button type="button" aria-pressed={isJson} onClick={() => !isJson && switchTo(true)}>
            JSON
          </button>
          {!properties && <span class="note">No schema of the arguments is known.</span>}
        </fieldset>
        {!isJson && properties ? (
          properties.length === 0 ? (
            <p class="note">This method takes no arguments.</p>
          ) : (
            <Fields
              properties={properties}
              texts={texts}
              errors={errors}
              onText={(path, text) => setTexts((before) => ({ ...before, [path]: text }))}
            />
          )
        ) : (
          <TextField
            name="json"
            label="Arguments, a JSON object"
            rows={8}
            value={json}
            errors={errors}
            onText={setJson}
          />
        )}
        <div class="form-row">
          <label class="form-field">
            <span>Send as</span>
            <select value={kind} onChange={(event) => setKind(event.currentTarget.value as CallRequest['kind'])}>
              <option value="call">call: wait for the result</option>
              <option value="cast">cast: to one server</option>
              <option value="fanout">fanout: to all servers</option>
            </select>
          </label>
          {kind !== 'fanout' && (
            <label class="form-field grow">
              <span>
                Server <span class="muted">{method.toServer ? 'one by name' : 'any, if empty'}</span>
              </span>
              <input
                type="text"
                list={`${id}-servers`}
                value={server}
                autocomplete="off"
                onInput={(event) => setServer(event.currentTarget.value)}
              />
              <datalist id={`${id}-servers`}>
                {topic.servers.slice(0, 100).map(({ name }) => (
                  <option key={name} value={name} />
                ))}
              </datalist>
            </label>
          )}
          {kind === 'call' && (
            <TextField name="timeout" label="Timeout, seconds" value={timeout} errors={errors} onText={setTimeout_} />
          )}
        </div>
        <details>
          <summary>Request context</summary>
          <TextField
            name="context"
            label="A JSON object in the keys of the wire, such as user_id"
            rows={3}
            value={context}
            errors={errors}
            onText={setContext}
          />
        </details>
        <div class="toolbar">
          <button type="submit" class="main" disabled={!isAllowed || isSent}>
            {isSent ? 'Waiting …' : kind === 'call' ? 'Call' : 'Send'} {method.name}
          </button>
        </div>
      </fieldset>
      <CallOutcome call={call} />
    </form>
  );
}

function readObject(text: string, name: string) {
  const read = readJson(text.trim() === '' ? '{}' : text);
  if ('error' in read) return { value: undefined, errors: { [name]: read.error } };
  if (!isObject(read.value)) return { value: undefined, errors: { [name]: 'Not an object: { … } is wanted.' } };
  return { value: read.value, errors: {} };
}

interface TextFieldProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  readonly rows?: number;
  readonly errors: FieldErrors;
  readonly onText: (text: string) => void;
}

function TextField({ name, label, value, rows, errors, onText }: TextFieldProps) {
  const id = useId();
  const error = errors[name];
  const common = {
    id,
    value,
    spellcheck: false,
    'aria-invalid': error !== undefined,
    'aria-describedby': `${id}-error`,
  };
  return (
    <div class="form-field">
      <label for={id}>{label}</label>
      {rows === undefined ? (
        <input
          type="text"
          inputMode="decimal"
          autocomplete="off"
          {...common}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      ) : (
        <textarea rows={rows} {...common} onInput={(event) => onText(event.currentTarget.value)} />
      )}
      <p class="field-error" id={`${id}-error`}>
        {error}
      </p>
    </div>
  );
}
