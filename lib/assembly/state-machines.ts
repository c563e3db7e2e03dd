/** The state machines of an assembly, and what their tasks send to queues. */
import { isRecord, parseObject } from '../json.ts';
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { object, text } from './property.ts';

export interface StateMachine extends Place {
  readonly resource: Resource;
  readonly arn: string;
  readonly roleArn: string | undefined;
  readonly logs: boolean;
  readonly kmsKeyId: string | undefined;
  /** Tasks of the optimized integration `sqs:sendMessage`, in the order of the definition. */
  readonly queueTasks: readonly QueueTask[];
}

export interface QueueTask {
  /** The state's name. */
  readonly state: string;
  readonly queueUrl: string;
  /** Whether the message carries a token, and the state waits until somebody answers it. */
  readonly waitsForToken: boolean;
  /** Whether it says how often it is tried again. */
  readonly retries: boolean;
  /** Whether it says how long it may take. */
  readonly timesOut: boolean;
}

export function stateMachinesOf(assembly: Assembly): readonly StateMachine[] {
  return assembly.ofType('AWS::StepFunctions::StateMachine').map((resource) => {
    const { properties, accountId, region } = resource;
    const written = text(properties['DefinitionString']);
    const definition = written === undefined ? object(properties['Definition']) : parseObject(written);
    const level = text(object(properties['LoggingConfiguration'])?.['Level']);
    return {
      resource,
      accountId,
      region,
      arn: resource.arn ?? '',
      roleArn: text(properties['RoleArn']),
      logs: level !== undefined && level !== 'OFF',
      kmsKeyId: text(object(properties['EncryptionConfiguration'])?.['KmsKeyId']),
      queueTasks: queueTasksIn(definition),
    };
  });
}

/** Also those within Map and Parallel states. */
function queueTasksIn(definition: unknown): readonly QueueTask[] {
  if (!isRecord(definition)) return [];
  const { States: states } = definition;
  const own = isRecord(states) ? Object.entries(states) : [];
  return own.flatMap(([state, value]): readonly QueueTask[] => {
    if (!isRecord(value)) return [];
    const { Branches: branches, ItemProcessor: processor, Iterator: iterator } = value;
    const within = [...(Array.isArray(branches) ? (branches as unknown[]) : []), processor, iterator];
    return [...asQueueTask(state, value), ...within.flatMap(queueTasksIn)];
  });
}

const SEND_MESSAGE = /:states:::sqs:sendMessage(\.waitForTaskToken)?$/;

function asQueueTask(state: string, value: Readonly<Record<string, unknown>>): readonly QueueTask[] {
  const [resource, pattern] = SEND_MESSAGE.exec(text(value['Resource']) ?? '') ?? [];
  if (resource === undefined) return [];
  const given = object(value['Arguments']) ?? object(value['Parameters']);
  return [
    {
      state,
      queueUrl: text(given?.['QueueUrl']) ?? '',
      waitsForToken: pattern !== undefined,
      retries: Array.isArray(value['Retry']),
      timesOut: value['TimeoutSeconds'] !== undefined || value['TimeoutSecondsPath'] !== undefined,
    },
  ];
}
