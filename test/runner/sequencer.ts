/**
 * In which order files of tests begin: those that take long first, so that none of them is left alone with one worker at the end.
 * A clean clone knows no durations of an earlier run, and the size of a file, by which jest would go, says little of them: some
 * that take minutes are a few lines.
 */
import { statSync } from 'node:fs';

interface TestFile {
  readonly path: string;
}

/** Ends of paths, the longest first. One that is missing here begins later, and that is all. */
const LONG: readonly string[] = [
  // Of `npm run test:systems`: a minute and more.
  'transports/redis.system.test.ts',
  'mutations/mutations.test.ts',
  'systems/commerce-failover.test.ts',
  'systems/jobs.test.ts',
  'commerce/bundles.test.ts',
  'transports/kafka.system.test.ts',
  'redis/crashes.system.test.ts',
  'systems/commerce.test.ts',
  'systems/generation.test.ts',
  'page/real-jobs.system.test.ts',
  'redis/redis.system.test.ts',
  'cutover/rehearsal.system.test.ts',
  'page/jobs.system.test.ts',
  'systems/agents.test.ts',
  'systems/restart.test.ts',
  'page/real-generation.system.test.ts',
  'page/access.system.test.ts',
  'bin/app.system.test.ts',
  'systems/cdk-deploy.test.ts',
  'agents/process.system.test.ts',
  'bin/cost.system.test.ts',
  // Of `npm test`: ten seconds and more. Who reads what another one synthesizes comes some places behind it.
  'stacks/commerce.test.ts',
  'stacks/agents.test.ts',
  'constructs/dashboards.test.ts',
  'commerce/provider-outage.test.ts',
  'stacks/core.test.ts',
  'kafka/embedded.test.ts',
  'kafka/retry-mapping.test.ts',
  'stacks/shared.test.ts',
  'proofs/least-privilege-commerce.test.ts',
  'transports/postgres.test.ts',
  'workload/agents/model.test.ts',
  'cutover/move.test.ts',
  'constructs/consumer-stacks.test.ts',
  'stacks/commerce-standby.test.ts',
  'kafka/poll-kafka.test.ts',
  'conformance/sqs/receiving.test.ts',
  'proofs/streams.test.ts',
  'outbox/crash.test.ts',
  'transports/sns-sqs.test.ts',
  'nestjs/types.test.ts',
  'sqs/scale.test.ts',
  'commerce/saga.test.ts',
  'metrics/event-metrics.test.ts',
  'degradation/controls.test.ts',
  'cutover/mirror.test.ts',
  'eventsv2/deployed.test.ts',
  'assembly/bad-input.test.ts',
  'stacks/network/network.test.ts',
  'stacks/jobs.test.ts',
  'stacks/generation.test.ts',
  'agents/process.test.ts',
  'outbox/order.test.ts',
  'bin/controls/controls.test.ts',
  'runner/runner.test.ts',
];

/** What jest asks of a sequencer. */
export default class LongestFirst {
  sort<File extends TestFile>(files: readonly File[]): File[] {
    return files
      .map((file) => ({ file, place: placeOf(file.path), size: statSync(file.path).size }))
      .toSorted((one, other) => one.place - other.place || other.size - one.size)
      .map(({ file }) => file);
  }

  /** For `--onlyFailures`: what failed before is not kept. */
  allFailedTests<File extends TestFile>(files: readonly File[]): File[] {
    return [...files];
  }

  cacheResults(): void {}
}

function placeOf(path: string): number {
  const place = LONG.findIndex((end) => path.endsWith(`/${end}`));
  return place === -1 ? LONG.length : place;
}
