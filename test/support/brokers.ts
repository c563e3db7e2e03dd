/**
 * Which brokers the tests of this run are about: `npm test` has the embedded ones, which need nothing installed, and
 * `npm run test:systems` the real ones.
 */
export function brokersUnderTest(): 'embedded' | 'real' {
  const { brokersUnderTest: named } = globalThis as { readonly brokersUnderTest?: 'embedded' | 'real' };
  if (named === undefined) throw new Error("set `globals.brokersUnderTest` in jest's configuration");
  return named;
}
