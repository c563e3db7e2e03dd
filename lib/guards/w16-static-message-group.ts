/**
 * W16: messages are not all in one group.
 *
 * | hop | target | |
 * |---|---|---|
 * | rule with a pattern and a MessageGroupId | FIFO queue | found: one after the other, and one failure holds up all |
 * | rule with a pattern and a MessageGroupId | standard queue | found: to a fair queue they are all one tenant |
 * | rule or schedule that goes by the clock | any | one source, one group |
 * | subscriber with a constant MessageGroupId | any queue | found; an expression `{% ... %}` is none |
 * | pipe with a MessageGroupId that is no path `$.` | any queue | found |
 *
 * eventbridge/latest/APIReference/API_SqsParameters.html: one value for the target, which no path can fill.
 */
import { isUnknown } from '../assembly/index.ts';
import type { Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { Guard } from './guard.ts';

export const staticMessageGroup: Guard = {
  id: 'W16',
  title: 'All messages of this hop are in one group',
  explanation:
    'A rule gives every message the same MessageGroupId. A FIFO queue then hands them out strictly one after the other, to one function at a time, and one that fails holds up all the rest until they expire. A fair queue sees a single tenant.',
  source: 'eventbridge/latest/APIReference/API_SqsParameters.html',
  level: 'warning',
  check: (messaging) =>
    hopsWithGroup(messaging).map(({ resource, property, groupId }) => ({
      resource,
      property,
      received: `'${groupId}' for every message`,
      allowed: 'a group per ordering key or tenant',
      fix: 'deliver by a topic, which passes the group of its publisher on, by a pipe with a path such as $.detail.orderId, or by a Custom Event Bus; to a standard queue, leave it out',
    })),
};

interface HopWithGroup {
  readonly resource: Resource;
  readonly property: string;
  readonly groupId: string;
}

function hopsWithGroup({ rules, pipes, subscribers }: Messaging): HopWithGroup[] {
  const ofRules = rules.flatMap(({ resource, eventPattern, targets }) =>
    eventPattern === undefined
      ? []
      : targets.map(({ id, messageGroupId }) => ({
          resource,
          property: `Targets[${id}].SqsParameters.MessageGroupId`,
          groupId: messageGroupId,
        })),
  );
  const ofSubscribers = subscribers.map(({ resource, messageGroupId }) => ({
    resource,
    property: 'InvokeConfiguration.SqsParameters.MessageGroupId',
    groupId: messageGroupId?.includes('{%') === true ? undefined : messageGroupId,
  }));
  const ofPipes = pipes.map(({ resource, targetParameters }) => {
    const parameters = targetParameters['SqsQueueParameters'];
    const groupId = isRecord(parameters) ? parameters['MessageGroupId'] : undefined;
    return {
      resource,
      property: 'TargetParameters.SqsQueueParameters.MessageGroupId',
      groupId: typeof groupId !== 'string' || /^\$\.|<\$\.|<aws\./.test(groupId) ? undefined : groupId,
    };
  });
  return [...ofRules, ...ofSubscribers, ...ofPipes].flatMap(({ groupId, ...hop }) =>
    groupId === undefined || isUnknown(groupId) ? [] : [{ ...hop, groupId }],
  );
}
