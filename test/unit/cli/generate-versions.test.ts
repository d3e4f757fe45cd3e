import { describe, expect, it } from 'vitest';
import { contractOf, methodsOf } from '../../support/python-files.js';

/** A method that sends `sell` with version 1.5, after some lines. */
const selling = (lines: string) =>
  methodsOf(`def sell(self, ctxt, item, price=None):
    version = '1.5'
    kw = {'item': item, 'price': price}
${lines.replace(/^(?=.)/gm, '    ')}
    cctxt = self.client.prepare(version=version)
    cctxt.cast(ctxt, 'sell', **kw)
`)['sell'];

describe('the version of a generated method', () => {
  it('is the one that it is sent with, unless it is the first', () => {
    const methods = methodsOf(`
def one(self, ctxt):
    self.client.call(ctxt, 'one')

def two(self, ctxt):
    self.client.prepare(version='1.2').call(ctxt, 'two')

def _version(self):
    return '1.3' if x else '1.1'

def three(self, ctxt):
    self.client.prepare(version=self._version()).call(ctxt, 'three')

@rpc.assert_min_rpc_version('1.7')
def four(self, ctxt):
    self.client.call(ctxt, 'four')

def five(self, ctxt):
    self.client.prepare(version=CONF.version).call(ctxt, 'five')
`);
    expect(Object.values(methods).map(({ since }) => since)).toEqual([undefined, '1.2', '1.3', '1.7', undefined]);
    expect(methods['five']?.notes).toEqual([expect.stringMatching(/Version not known: "CONF.version" \(line \d+\)/)]);
  });

  it('has the older shapes of the arguments', () => {
    expect(
      selling(`if not self.client.can_send_version(version):
    version = '1.2'
    del kw['price']
if not self.client.can_send_version(version):
    version = '1.0'
    kw['name'] = kw.pop('item')
    kw['legacy'] = True`),
    ).toMatchObject({
      since: '1.5',
      args: { item: {}, price: { optional: true } },
      fallback: [
        { version: '1.2', without: ['price'], with: {} },
        { version: '1.0', without: ['item', 'price'], with: { name: { argument: 'item' }, legacy: { value: true } } },
      ],
    });
  });

  it('has none where Python refuses arguments, or sends others', () => {
    const refused = selling(`if not self.client.can_send_version(version):
    if price:
        raise TooOld()
    del kw['price']
    version = '1.0'`);
    expect(refused).not.toHaveProperty('fallback');
    expect(refused?.notes).toEqual([expect.stringMatching(/refuse the arguments, "price" \(line \d+\)/)]);
    const other = selling(`if not self.client.can_send_version(version):
    kw['item'] = item.to_legacy_dict()
    version = '1.0'`);
    expect(other).not.toHaveProperty('fallback');
    expect(other?.notes).toEqual([expect.stringMatching(/need 1.0: Python sends a cast with item, price/)]);
  });

  it('is the first where tests of versions change nothing', () => {
    const method = methodsOf(`
def sell(self, ctxt, item):
    topic = 'fast' if self.client.can_send_version('1.9') else 'shop'
    self.client.prepare(topic=topic).cast(ctxt, 'sell', item=item)
`)['sell'];
    expect(method).not.toHaveProperty('since');
    expect(method).not.toHaveProperty('fallback');
  });

  it('keeps methods for older servers, and says so', () => {
    const methods = methodsOf(`
def sell(self, ctxt, item):
    method = 'sell'
    version = '1.4'
    if not self.client.can_send_version(version):
        method, version = 'sell_item', '1.0'
    self.client.prepare(version=version).cast(ctxt, method, item=item)
`);
    expect(methods['sell']).toMatchObject({ since: '1.4' });
    expect(methods['sell_item']?.notes).toEqual(['Python sends it to servers below 1.4 only.']);
  });
});

describe('the target of a generated contract', () => {
  const client = (target: string, method = "self.client.call(ctxt, 'get')") => `
TOPIC = 'shop'

class ShopAPI(object):
    VERSION_ALIASES = {'antelope': '1.9', 'bobcat': '2.6'}
    BASE = '2.0'

    def __init__(self, topic='other'):
        ${target}

    def get(self, ctxt):
        ${method}
`;

  it.each([
    [
      "self.client = rpc.get_client(Target(topic=TOPIC, version='2.1', namespace='ns', exchange='ex'))",
      { topic: 'shop', namespace: 'ns', exchange: 'ex' },
    ],
    ['self.client = rpc.get_rpc_client(topic=TOPIC, version=self.BASE)', { topic: 'shop' }],
    ["self.client = BackingOffClient(TRANSPORT, om.Target(topic='s' + 'hop', version='2.0'))", { topic: 'shop' }],
  ])('is read from %s', (target, expected) => {
    expect(contractOf(client(target))).toMatchObject({
      ...expected,
      version: '2.6',
      versionAliases: { bobcat: '2.6' },
    });
  });

  it('is a parameter where the source does not tell it, or comes from the command line', () => {
    const source = client("self.client = rpc.get_client(Target(topic=topic, namespace=NAMES.shop, version='2.0'))");
    const model = contractOf(source);
    expect(model.parameters).toEqual(['topic', 'namespace']);
    expect(model).not.toHaveProperty('topic');
    expect(model.notes?.join('\n')).toMatch(
      /The topic is given to the class: parameter topic .*\nThe namespace is not known: "NAMES.shop"/,
    );
    const given = contractOf(source, { topic: 't', namespace: 'n' });
    expect(given).toMatchObject({ topic: 't', namespace: 'n' });
    expect(given).not.toHaveProperty('parameters');
  });

  it('quotes requests of an unknown method', () => {
    const source = client(
      "self.client = rpc.get_client(Target(topic=topic, version='2.0'))",
      'self.client.call(ctxt, pick(), a=1)',
    );
    expect(contractOf(`${source}\n    def put(self, ctxt):\n        self.client.call(ctxt, 'put')\n`)).toMatchObject({
      notes: expect.arrayContaining([
        expect.stringMatching(
          /^Left out, since its method is not known: "self.client.call\(ctxt, pick\(\), a=1\)" \(line \d+\)/,
        ),
      ]),
      methods: { put: {} },
    });
  });
});
