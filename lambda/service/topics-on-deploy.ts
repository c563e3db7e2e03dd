/**
 * The topics of a serverless Kafka cluster as custom resources: MSK has an API for topics of provisioned clusters
 * only. It never deletes a topic, so a deleted stack leaves its records, as long as the cluster is there.
 */
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { createLogger } from '../runtime/index.ts';
import { bringTopic, TopicError } from '../runtime/kafka/topic-admin.ts';
import type { TopicSettings } from '../runtime/kafka/topic-admin.ts';
import { describeError } from '../runtime/logger.ts';
import { failed, respond } from './custom-resource.ts';
import type { Outcome } from './custom-resource.ts';

const logger = createLogger({ fields: { service: 'kafka-topics' } });

/** Milliseconds; below the function's time limit. New permissions and brokers take some minutes at most. */
const PATIENCE = 210_000;
const PAUSE = 5_000;

export interface TopicsOptions {
  /**
   * Milliseconds in which what may pass is tried again.
   * @default 210000
   */
  readonly patience?: number;
}

/** A handler that always answers. A topic's name and cluster are its identity: with others it is another topic. */
export function topicsOnDeploy({ patience = PATIENCE }: TopicsOptions = {}): (
  event: CloudFormationCustomResourceEvent,
) => Promise<void> {
  return async (event) => {
    const clusterArn = textOf(event, 'ClusterArn');
    const topicArn = `${clusterArn.replace(':cluster/', ':topic/')}/${textOf(event, 'TopicName')}`;
    await respond(
      event,
      event.RequestType === 'Delete' ? event.PhysicalResourceId : topicArn,
      await outcomeOf(event, clusterArn, topicArn, Date.now() + patience),
    );
  };
}

async function outcomeOf(
  event: CloudFormationCustomResourceEvent,
  clusterArn: string,
  topicArn: string,
  until: number,
): Promise<Outcome> {
  if (event.RequestType === 'Delete') {
    logger.info('topic is kept, with its records', { topicArn: event.PhysicalResourceId });
    return { Status: 'SUCCESS', Data: {} };
  }
  for (;;) {
    try {
      const change = await bringTopic({ clusterArn }, settingsOf(event));
      logger.info('topic is there', { topicArn, change });
      return { Status: 'SUCCESS', Data: { TopicArn: topicArn, Change: change } };
    } catch (error) {
      const again = error instanceof TopicError && error.mayPass && Date.now() + PAUSE < until;
      logger.warn(again ? 'topic not made yet; it is tried again' : 'topic not made', {
        topicArn,
        detail: describeError(error),
      });
      if (!again) return failed(error);
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}

/** The properties of `AWS::MSK::Topic`: numbers come as text, `Configs` is the Base64 of a JSON object. */
function settingsOf(event: CloudFormationCustomResourceEvent): TopicSettings {
  const configs = Buffer.from(textOf(event, 'Configs'), 'base64').toString();
  return {
    name: textOf(event, 'TopicName'),
    partitions: Number(textOf(event, 'PartitionCount')),
    configs: configs === '' ? {} : (JSON.parse(configs) as Record<string, string>),
  };
}

function textOf({ ResourceProperties: properties }: CloudFormationCustomResourceEvent, name: string): string {
  const value: unknown = properties[name];
  return typeof value === 'string' ? value : '';
}
