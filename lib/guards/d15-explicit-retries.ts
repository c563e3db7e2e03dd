/**
 * D15: how often, and for how long, a hop tries again is said and not left to the service.
 *
 * | hop | says | D15 | D15A |
 * |---|---|---|---|
 * | target of a rule, schedule | not both attempts and age (24 hours, 185 times) | | found |
 * | subscriber of a Custom Event Bus | not both (300 seconds, 5 times) | | found |
 * | function that SNS, EventBridge, the scheduler, S3 or incoming mail invokes | no EventInvokeConfig with both (6 hours, 2 times) | | found |
 * | mapping of a stream, pipe from a stream | no end of retries, neither by attempts nor by age | found: one bad record holds up its shard until it expires, and then what is behind it | |
 * | subscription of a queue or function | SNS takes no other than its own, 100,015 times in 23 days | | |
 *
 * design.md, D15; lambda/latest/dg/services-kinesis-parameters.html; eventbridge/latest/userguide/eb-rule-retry-policy.html
 */
import type { Messaging, Resource } from '../assembly/index.ts';
import { failingHops, isStream } from './failing-hops.ts';
import type { Finding, Guard } from './guard.ts';

export const endlessRetries: Guard = {
  id: 'D15',
  title: 'One bad record holds up a stream until it expires',
  explanation:
    'Without an end of retries, a record that the function cannot handle is tried until the stream deletes it. Everything behind it in the shard waits, grows old, and is deleted after it.',
  source: 'lambda/latest/dg/services-kinesis-parameters.html',
  level: 'error',
  check: (messaging) => [...endlessMappings(messaging), ...endlessPipes(messaging)],
};

export const defaultRetries: Guard = {
  id: 'D15A',
  title: 'A hop retries as the service likes',
  explanation:
    'The defaults differ from service to service, from five minutes to twenty-three days. Whoever has to mend a target should know how long there is until messages go to the dead-letter queue, and read it in the template.',
  source: 'eventbridge/latest/userguide/eb-rule-retry-policy.html',
  level: 'warning',
  check: (messaging) => [
    ...rules(messaging),
    ...schedules(messaging),
    ...subscribers(messaging),
    ...functions(messaging),
  ],
};

function endlessMappings({ mappings }: Messaging): Finding[] {
  return mappings
    .filter(
      ({ eventSourceArn, maximumRetryAttempts, maximumRecordAgeSeconds }) =>
        isStream(eventSourceArn) &&
        maximumRetryAttempts === undefined &&
        maximumRecordAgeSeconds === undefined,
    )
    .map(({ resource }) =>
      endless(
        resource,
        'MaximumRetryAttempts',
        'set MaximumRetryAttempts or MaximumRecordAgeInSeconds, with DestinationConfig.OnFailure; of Kafka only in provisioned mode (ProvisionedPollerConfig)',
      ),
    );
}

/** -1 is without end, as where nothing is said. */
function endlessPipes({ pipes }: Messaging): Finding[] {
  return pipes
    .filter(({ sourceArn, maximumRetryAttempts, sourceParameters }) => {
      const hasAge = /"MaximumRecordAgeInSeconds":\s*"?(?!-1)/.test(JSON.stringify(sourceParameters));
      const hasEnd = maximumRetryAttempts !== undefined && maximumRetryAttempts !== -1;
      // A pipe cannot say it of Kafka.
      return isStream(sourceArn) && !sourceArn.includes(':kafka:') && !hasEnd && !hasAge;
    })
    .map(({ resource }) =>
      endless(
        resource,
        'SourceParameters MaximumRetryAttempts',
        'set MaximumRetryAttempts or MaximumRecordAgeInSeconds, with DeadLetterConfig',
      ),
    );
}

function endless(resource: Resource, property: string, fix: string): Finding {
  return { resource, property, received: 'no end of retries', allowed: 'a number, or an age', fix };
}

interface Retries {
  readonly maximumRetryAttempts: number | undefined;
  readonly maximumEventAgeSeconds: number | undefined;
}

/** What the service takes where nothing is said, and where it is said. */
interface Defaults {
  readonly ofService: string;
  readonly attempts: string;
  readonly age: string;
  readonly inCdk: string;
}

const ATTEMPTS_AND_AGE = { attempts: 'MaximumRetryAttempts', age: 'MaximumEventAgeInSeconds' };

const TARGET: Defaults = {
  ...ATTEMPTS_AND_AGE,
  ofService: '24 hours, 185 attempts',
  inCdk: '; in CDK, retryAttempts and maxEventAge of the target',
};

const SUBSCRIBER: Defaults = {
  attempts: 'MaxRetryAttempts',
  age: 'MaxEventAgeInSeconds',
  ofService: '5 minutes, 5 attempts',
  inCdk: '',
};

const FUNCTION: Defaults = {
  ...ATTEMPTS_AND_AGE,
  ofService: '6 hours, 2 attempts',
  inCdk: '; in CDK, retryAttempts and maxEventAge of the function',
};

const NOTHING_SAID: Retries = { maximumRetryAttempts: undefined, maximumEventAgeSeconds: undefined };

function rules(messaging: Messaging): Finding[] {
  return messaging.rules.flatMap(({ resource, targets }) =>
    targets.flatMap((target) => byDefault(resource, `Targets[${target.id}].RetryPolicy`, target, TARGET)),
  );
}

function schedules(messaging: Messaging): Finding[] {
  return messaging.schedules.flatMap((schedule) =>
    byDefault(schedule.resource, 'Target.RetryPolicy', schedule, TARGET),
  );
}

function subscribers(messaging: Messaging): Finding[] {
  return messaging.subscribers.flatMap((subscriber) =>
    byDefault(subscriber.resource, 'RetryPolicy', subscriber, SUBSCRIBER),
  );
}

function functions(messaging: Messaging): Finding[] {
  return failingHops(messaging).flatMap(({ kind, resource }) => {
    if (kind !== 'asynchronous invocation') return [];
    const retries = messaging.function(resource.arn)?.asyncInvocation ?? NOTHING_SAID;
    return byDefault(resource, 'EventInvokeConfig', retries, FUNCTION);
  });
}

function byDefault(
  resource: Resource,
  property: string,
  { maximumRetryAttempts, maximumEventAgeSeconds }: Retries,
  { attempts, age, ofService, inCdk }: Defaults,
): Finding[] {
  const missing = [
    ...(maximumRetryAttempts === undefined ? [attempts] : []),
    ...(maximumEventAgeSeconds === undefined ? [age] : []),
  ];
  if (missing.length === 0) return [];
  return [
    {
      resource,
      property,
      received: `${missing.length === 2 ? 'neither' : 'no'} ${missing.join(' nor ')}; the service's own: ${ofService}`,
      allowed: `both ${attempts} and ${age}, said in the template`,
      fix: `say how long the hop may try, the service's own values too where they are meant${inCdk}`,
    },
  ];
}
