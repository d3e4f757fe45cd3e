import { describe, expect, it } from 'vitest';
import { methodsOf } from '../../support/python-files.js';

/** Names of the arguments, the optional ones with a question mark. */
function args(methods: ReturnType<typeof methodsOf>, name: string): string {
  const found = Object.entries(methods[name]?.args ?? {});
  return found.map(([argument, { optional }]) => `${argument}${optional ? '?' : ''}`).join(' ');
}

describe('the arguments of a generated method', () => {
  const FORMS: readonly [string, string, string][] = [
    ['given by name', "cctxt.call(ctxt, 'sell', item=item, price=price)", 'item price'],
    ['under another name', "cctxt.call(ctxt, 'sell', item_id=item)", 'item_id'],
    ['in a dict display', "kw = {'item': item, 'price': price}\ncctxt.call(ctxt, 'sell', **kw)", 'item price'],
    ['in dict()', "kw = dict(item=item)\ncctxt.call(ctxt, 'sell', **kw)", 'item'],
    [
      'added one by one',
      "kw = {}\nkw['item'] = item\nkw.update(price=price)\ncctxt.call(ctxt, 'sell', **kw)",
      'item price',
    ],
    [
      'added from a dict',
      "kw = {'item': item}\nkw.update({'price': price})\ncctxt.call(ctxt, 'sell', **kw)",
      'item price',
    ],
    ['spread into a dict', "kw = {'item': item}\ncctxt.call(ctxt, 'sell', **{**kw, 'price': price})", 'item price'],
    ['taken out again', "kw = {'item': item, 'price': price}\nkw.pop('price')\ncctxt.call(ctxt, 'sell', **kw)", 'item'],
    ['deleted again', "kw = {'item': item, 'price': price}\ndel kw['price']\ncctxt.call(ctxt, 'sell', **kw)", 'item'],
    ['by name and in a dict', "kw = {'item': item}\ncctxt.call(ctxt, 'sell', price=price, **kw)", 'price item'],
    [
      'set on some paths',
      "kw = {'item': item}\nif price:\n    kw['price'] = price\ncctxt.call(ctxt, 'sell', **kw)",
      'item price?',
    ],
    ['with a default', "cctxt.call(ctxt, 'sell', item=item, remark=remark)", 'item remark?'],
    ['converted, with a default', "cctxt.call(ctxt, 'sell', remark=json.to_primitive(remark))", 'remark?'],
    ['sent in a loop', "for one in item:\n    cctxt.call(ctxt, 'sell', item=one)", 'item'],
    ['in a comprehension', "return [x for x in cctxt.call(ctxt, 'sell', item=item)]", 'item'],
    ['in a with block', "with lock():\n    cctxt.call(ctxt, 'sell', item=item)", 'item'],
    ['in a try block', "try:\n    cctxt.call(ctxt, 'sell', item=item)\nexcept Exception:\n    return None", 'item'],
    ['of a method in a variable', "name = 'sell'\ncctxt.call(ctxt, name, item=item)", 'item'],
    ['of a method in a tuple', "name, kw = ('sell', {'item': item})\ncctxt.call(ctxt, name, **kw)", 'item'],
  ];

  it.each(FORMS)('are found where they are %s', (_, body, expected) => {
    const lines = `cctxt = self.client.prepare()\n${body}`.replace(/^(?=.)/gm, '    ');
    expect(args(methodsOf(`def sell(self, ctxt, item, price, remark=None):\n${lines}\n`), 'sell')).toBe(expected);
  });

  it('are open where Python adds some that the source does not name', () => {
    const { find } = methodsOf("def find(self, ctxt, **filters):\n    self.client.call(ctxt, 'find', **filters)\n");
    expect(find).toMatchObject({ args: {}, open: true, notes: [expect.stringMatching(/"\*\*filters" \(line \d+\)/)] });
  });

  it('have types from annotations, type fields and constants', () => {
    const { sell } = methodsOf(`
def sell(self, ctxt, a: str, b: Optional[int], c: 'objects.Item', d: list[str], e: dict[str, bool] = None, f=None):
    """Sells.

    :param f: a remark
    :type f: string or None
    """
    self.client.call(ctxt, 'sell', a=a, b=b, c=c, d=d, e=e, f=f, g=True, h=1)
`);
    expect(sell?.args).toEqual({
      a: { type: 'string' },
      b: { type: 'number | null' },
      c: { type: 'unknown' },
      d: { type: 'string[]' },
      e: { type: 'Record<string, boolean> | null', optional: true },
      f: { type: 'string | null', optional: true },
      g: { type: 'boolean' },
      h: { type: 'number' },
    });
    expect(sell?.doc).toBe('Sells.\n\n- `f`: a remark');
  });
});

describe('a generated method', () => {
  it('is a cast or a call, as the default arguments have it', () => {
    const methods = methodsOf(`
def one(self, ctxt):
    self.client.prepare().cast(ctxt, 'one')

def two(self, ctxt, cast=True):
    rpc_method = self.client.cast if cast else self.client.call
    return rpc_method(ctxt, 'two')

def three(self, ctxt, sync=True):
    if sync:
        return self.client.call(ctxt, 'three')
    self.client.cast(ctxt, 'three')

def four(self, ctxt, how):
    return (self.client.cast if how else self.client.call)(ctxt, 'four')

def five(self, ctxt):
    utils.retry(self.client.cast, 3)(ctxt, 'five')
`);
    expect(Object.entries(methods).map(([name, { kind }]) => `${name} ${kind}`)).toEqual([
      'one cast',
      'two cast',
      'three call',
      'four call',
      'five cast',
    ]);
    expect(methods['two']?.notes).toEqual([expect.stringContaining('Python can call it, too')]);
    expect(methods['one']).not.toHaveProperty('notes');
  });

  it('is found through other methods of the class', () => {
    const methods = methodsOf(`
@staticmethod
def make_msg(method, **kwargs):
    return method, kwargs

def call(self, ctxt, msg, version=None):
    method, kwargs = msg
    client = self.client if version is None else self.client.prepare(version=version)
    return client.call(ctxt, method, **kwargs)

def _notify(self, ctxt, method, **kwargs):
    self.client.prepare(fanout=True).cast(ctxt, method, **kwargs)

def sell(self, ctxt, item):
    return self.call(ctxt, self.make_msg('sell', item=item), version='1.4')

def sold(self, ctxt, item):
    self._notify(ctxt, 'sold', item=item)
`);
    expect(Object.keys(methods)).toEqual(['sell', 'sold']);
    expect(methods['sell']).toMatchObject({ kind: 'call', since: '1.4', args: { item: { type: 'unknown' } } });
    expect(methods['sold']).toMatchObject({ kind: 'cast', fanout: true, args: { item: { type: 'unknown' } } });
  });

  it('is found by names that a list narrows', () => {
    const methods = methodsOf(`
NAMES = ['item.sold', 'item.lost']

def notify(self, ctxt, name, data):
    if name not in self.NAMES:
        return
    self.client.cast(ctxt, name.replace('.', '_'), data=data)
`);
    expect(Object.keys(methods)).toEqual(['item_sold', 'item_lost']);
  });

  it('goes to the server that an argument names', () => {
    const methods = methodsOf(`
def one(self, ctxt, host):
    self.client.prepare(server=host).call(ctxt, 'one', host=host)

def two(self, ctxt, host):
    self.client.prepare(server=host).call(ctxt, 'two')

def three(self, ctxt, item):
    self.client.prepare(server='front').call(ctxt, 'three')

def four(self, ctxt, item):
    self.client.prepare(server=item.host, topic=TOPICS.other).call(ctxt, 'four', item=item)
`);
    expect(methods['one']).toMatchObject({ server: { argument: 'host' }, args: { host: { type: 'string' } } });
    expect(methods['two']).toMatchObject({ notes: [expect.stringContaining('its parameter host')] });
    expect(methods['three']).toMatchObject({ server: { name: 'front' } });
    expect(methods['four']?.notes).toEqual([
      expect.stringMatching(/another topic: "TOPICS.other" \(line \d+\)/),
      expect.stringMatching(/chooses the server: "item.host" \(line \d+\)/),
    ]);
    expect(methods['four']).not.toHaveProperty('server');
  });

  it('has the type of a result that is returned as it came', () => {
    const methods = methodsOf(`
def one(self, ctxt) -> bool:
    return self.client.call(ctxt, 'one')

def two(self, ctxt) -> Item:
    return Item(self.client.call(ctxt, 'two'))

def three(self, ctxt):
    """Returns all.

    :rtype: list of strings
    """
    return self.client.call(ctxt, 'three')
`);
    expect([methods['one'], methods['two'], methods['three']].map((method) => method?.result)).toEqual([
      'boolean',
      undefined,
      'string[]',
    ]);
  });
});
