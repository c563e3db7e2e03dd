/** The brokers that the conformance suite runs over: embedded, or real where one is installed and a word where not. */
import { describe, test } from '@jest/globals';
import { findRabbitmq, startRealRabbitmq } from '../../../local/brokers/rabbitmq.ts';
import { startEmbeddedRabbitmq } from '../../../local/rabbitmq/index.ts';
import { brokersUnderTest } from '../../support/brokers.ts';

export interface BrokerUnderTest {
  readonly url: string;
  setPassword(username: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

export type StartBroker = () => Promise<BrokerUnderTest>;

const real = brokersUnderTest() === 'real' ? await findRabbitmq() : undefined;

/** Runs the suite over the embedded broker in `npm test`, over a real one in `npm run test:systems`, or says it is not there. */
export function describeBrokers(title: string, suite: (start: StartBroker) => void): void {
  if (brokersUnderTest() === 'embedded') {
    // oxlint-disable-next-line jest/valid-title -- the title is the caller's
    describe(`${title}: embedded RabbitMQ`, () => suite(() => startEmbeddedRabbitmq()));
    return;
  }
  if (real === undefined) {
    // oxlint-disable-next-line jest/valid-title, jest/expect-expect, jest/no-disabled-tests -- a part that was left out is seen
    test.skip(`${title}: real RabbitMQ LEFT OUT: none is installed (npm run brokers:install)`, () => {});
    return;
  }
  // oxlint-disable-next-line jest/valid-title -- the title is the caller's
  describe(`${title}: real RabbitMQ`, () => suite(() => startRealRabbitmq({ installation: real })));
}

/** Asks until it is so. The time limit is the test's. */
export async function until<Value>(
  ask: () => Promise<Value | undefined | false> | Value | undefined | false,
) {
  for (;;) {
    const value = await ask();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
