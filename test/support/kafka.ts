/** The Kafka brokers that a test file runs against: embedded, or real where one is installed and a word where not. */
import { describe } from '@jest/globals';
import { startRealKafka } from '../../local/brokers/kafka.ts';
import { findKafka } from '../../local/brokers/kafka-installation.ts';
import { startEmbeddedKafka } from '../../local/kafka/index.ts';
import { brokersUnderTest } from './brokers.ts';

export interface KafkaBroker {
  readonly bootstrapServers: string;
  stop(): Promise<void>;
}

export interface KafkaKind {
  readonly name: string;
  start(): Promise<KafkaBroker>;
}

const installed = brokersUnderTest() === 'real' ? await findKafka() : undefined;

/**
 * Runs the tests on a real Kafka, in `npm run test:systems`; where none is installed they are skipped there, by name and
 * with a line on the console. `npm test` knows nothing of them.
 */
export function describeOnRealKafka(name: string, tests: (kind: KafkaKind) => void): void {
  if (brokersUnderTest() === 'embedded') return;
  if (installed === undefined) {
    const why = 'LEFT OUT, no real Kafka is installed: npm run brokers:install';
    process.stderr.write(`${name}: ${why}\n`);
    describe.skip(`${name} (${why})`, () => tests(REAL_KAFKA));
  } else {
    describe(`${name} (real Kafka ${installed.version})`, () => tests(REAL_KAFKA));
  }
}

const REAL_KAFKA: KafkaKind = { name: 'real Kafka', start: () => startRealKafka() };

const EMBEDDED_KAFKA: KafkaKind = { name: 'embedded Kafka', start: () => startEmbeddedKafka() };

/** Runs the tests on the embedded Kafka in `npm test`, and on a real one in `npm run test:systems`. */
export function describeOnEachKafka(name: string, tests: (kind: KafkaKind) => void): void {
  if (brokersUnderTest() === 'embedded')
    describe(`${name} (${EMBEDDED_KAFKA.name})`, () => tests(EMBEDDED_KAFKA));
  else describeOnRealKafka(name, tests);
}
