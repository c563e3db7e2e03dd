/**
 * Installs the real brokers that tests compare with, and the pooler between, where the machine allows it: `npm run brokers:install`.
 * What is there already is left alone; what can't be installed is named, with what is missing.
 */
import { installKafka } from './brokers/kafka.ts';
import { installPgbouncer } from './brokers/pgbouncer.ts';
import { installRabbitmq } from './brokers/rabbitmq.ts';
import { installRedis, installValkey } from './brokers/redis.ts';
import type { Installation } from './brokers/installation.ts';

const INSTALLERS: readonly (() => Promise<Installation>)[] = [
  installKafka,
  installRabbitmq,
  installRedis,
  installValkey,
  installPgbouncer,
];

for (const install of INSTALLERS) {
  const { broker, state, detail } = await install();
  process.stdout.write(`${broker}: ${state}: ${detail}\n`);
  if (state === 'left out') process.exitCode = 1;
}
