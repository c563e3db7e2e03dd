/** On whose behalf an AWS service uses a key: patterns of ARNs, made of text alone. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import type { Location } from './location.ts';

/** On whose behalf the service acts. */
export interface KeyUseSource {
  /** Of the topic, rule, bus or alarm. */
  readonly account: string;
  /** Patterns of its ARN. */
  readonly sourceArns: readonly string[];
  /** @default - the service's, for example `sns.amazonaws.com`; other ones are SNS's between Regions (W5) */
  readonly principal?: string;
}

/** All topics of an account and Region: names of topics are mostly made up at deployment. */
export function topicsIn(scope: IConstruct, env: Location): KeyUseSource {
  return {
    account: env.account,
    sourceArns: [arn(scope, env, { service: 'sns', resource: '*', arnFormat: ArnFormat.NO_RESOURCE_NAME })],
  };
}

/** The rules of one bus. The name must be known at synth: a reference could lead back to the key. */
export function rulesOf(scope: IConstruct, env: Location, eventBusName: string): KeyUseSource {
  return {
    account: env.account,
    sourceArns: [arn(scope, env, { service: 'events', resource: 'rule', resourceName: `${eventBusName}/*` })],
  };
}

/** One bus, by a name known at synth. */
export function busNamed(scope: IConstruct, env: Location, eventBusName: string): KeyUseSource {
  return {
    account: env.account,
    sourceArns: [arn(scope, env, { service: 'events', resource: 'event-bus', resourceName: eventBusName })],
  };
}

/** The archives of one bus. AWS's pages name the bus as the source; the archive is let in too. */
export function archivesOf(scope: IConstruct, env: Location, eventBusName: string): KeyUseSource {
  const bus = busNamed(scope, env, eventBusName);
  const archives = arn(scope, env, { service: 'events', resource: 'archive', resourceName: '*' });
  return { ...bus, sourceArns: [...bus.sourceArns, archives] };
}

/** CloudWatch's log deliveries of an account and Region. */
export function logsIn(scope: IConstruct, env: Location): KeyUseSource {
  return {
    account: env.account,
    sourceArns: [arn(scope, env, { service: 'logs', resource: '*', arnFormat: ArnFormat.NO_RESOURCE_NAME })],
  };
}

/** The alarms of an account and Region. */
export function alarmsIn(scope: IConstruct, env: Location): KeyUseSource {
  return {
    account: env.account,
    sourceArns: [
      arn(scope, env, {
        service: 'cloudwatch',
        resource: 'alarm:*',
        arnFormat: ArnFormat.NO_RESOURCE_NAME,
      }),
    ],
  };
}

/** The subscriptions of Cost Anomaly Detection of an account, which is in no Region. */
export function anomaliesIn(scope: IConstruct, { account }: Location): KeyUseSource {
  return {
    account,
    sourceArns: [
      Stack.of(scope).formatArn({
        service: 'ce',
        region: '',
        account,
        resource: 'anomalysubscription',
        resourceName: '*',
      }),
    ],
  };
}

function arn(
  scope: IConstruct,
  { account, region }: Location,
  components: Parameters<Stack['formatArn']>[0],
): string {
  return Stack.of(scope).formatArn({ ...components, account, region });
}
