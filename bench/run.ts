/** `npm run bench -- NAME`: runs one bench. Each measures ours and its peers in the same run and prints ratios. */
const BENCHES = [
  'outbox',
  'subscriptions',
  'consume',
  'synth',
  'bundle',
  'local',
  'state',
  'redis',
  'transports',
] as const;

const name = process.argv[2];
if (!BENCHES.some((bench) => bench === name)) {
  process.stderr.write(`Give one of: ${BENCHES.join(', ')}. For example: npm run bench -- outbox\n`);
  process.exit(2);
}
const { run } = (await import(`./${name}.ts`)) as { run: () => Promise<void> };
await run();
