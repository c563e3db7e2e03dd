/** The brokers that the conformance suite runs over: the embedded one always, a real one where it is installed. */
import { describe, test } from '@jest/globals';
import { findRabbitmq, startRealRabbitmq } from '../../../local/brokers/rabbitmq.ts';
import { startEmbeddedRabbitmq } from '../../../local/rabbitmq/index.ts';

export interface BrokerUnderTest {
  readonly url: string;
  setPassword(username: string, password: string): Promise<void>;
  stop(): Promise<void>;
}

export type StartBroker = () => Promise<BrokerUnderTest>;

const real = await findRabbitmq();

/** Runs the suite over each broker there is, and says which one is not. */
export function describeBrokers(title: string, suite: (start: StartBroker) => void): void {
  // oxlint-disable-next-line jest/valid-title -- the title is the caller's
  describe(`${title}: embedded RabbitMQ`, () => suite(() => startEmbeddedRabbitmq()));
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
