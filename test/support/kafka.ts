/** The Kafka brokers that a test file runs against: the real one where it is installed, and a word where it is not. */
import { describe } from '@jest/globals';
import { startRealKafka } from '../../local/brokers/kafka.ts';
import { findKafka } from '../../local/brokers/kafka-installation.ts';
import { startEmbeddedKafka } from '../../local/kafka/index.ts';

export interface KafkaBroker {
  readonly bootstrapServers: string;
  stop(): Promise<void>;
}

export interface KafkaKind {
  readonly name: string;
  start(): Promise<KafkaBroker>;
}

const installed = await findKafka();

/** Runs the tests on a real Kafka; where none is installed they are skipped, by name and with a line on the console. */
export function describeOnRealKafka(name: string, tests: (kind: KafkaKind) => void): void {
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

/** Runs the tests on the embedded Kafka and on a real one, so that both keep the same promises. */
export function describeOnEachKafka(name: string, tests: (kind: KafkaKind) => void): void {
  describe(`${name} (${EMBEDDED_KAFKA.name})`, () => tests(EMBEDDED_KAFKA));
  describeOnRealKafka(name, tests);
}
