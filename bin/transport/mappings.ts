/** The event source mapping of a consumer behind a queue: held while the consumer is live elsewhere. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { sleep, systemClock } from '../../lambda/runtime/clock.ts';
import { CommandError } from '../command-error.ts';

export interface ConsumerMapping {
  readonly functionName: string;
  readonly uuid: string;
  /** In Lambda's words: Enabled, Disabled, Enabling, Disabling, Updating. */
  readonly state: string;
}

/** Milliseconds between two looks while Lambda switches. */
const LOOK_GAP = 1_000;

/**
 * Functions tell whose they are by the variables that the constructs give them.
 *
 * @param functionName the one that is meant, where several systems have a consumer of the name
 * @throws CommandError WAYBILL_TRANSPORT_FUNCTION_UNKNOWN
 */
export async function mappingOf(
  lambda: Pick<LambdaClient, 'send'>,
  consumer: string,
  functionName: string | undefined,
): Promise<ConsumerMapping> {
  const functions = (await functionsOf(lambda, new Set([consumer]))).map(({ name }) => name);
  const found = functions.filter((name) => functionName === undefined || name === functionName);
  const [only, ...others] = found;
  if (only === undefined || others.length > 0) {
    throw new CommandError(
      'WAYBILL_TRANSPORT_FUNCTION_UNKNOWN',
      only === undefined
        ? `no function here handles the events of ${consumer} by sns-sqs`
        : `several functions handle the events of ${consumer}: ${found.join(', ')}`,
      {
        fix:
          only === undefined
            ? 'check account, Region and AWS_ENDPOINT_URL, and that sns-sqs is among the transports of the consumer'
            : 'say which: --function NAME',
      },
    );
  }
  const mapping = await mappingOfFunction(lambda, only);
  if (mapping !== undefined) return mapping;
  throw new CommandError(
    'WAYBILL_TRANSPORT_FUNCTION_UNKNOWN',
    `function ${only} has no event source mapping`,
    {
      fix: 'deploy the stack of the consumer',
    },
  );
}

/** Those of consumers that have one. Two, where two systems of the account have a consumer of the name. */
export async function mappingsOf(
  lambda: Pick<LambdaClient, 'send'>,
  consumers: ReadonlySet<string>,
): Promise<readonly (ConsumerMapping & { readonly consumer: string })[]> {
  const found = [];
  for (const { consumer, name } of await functionsOf(lambda, consumers)) {
    const mapping = await mappingOfFunction(lambda, name);
    if (mapping !== undefined) found.push({ consumer, ...mapping });
  }
  return found;
}

async function mappingOfFunction(
  lambda: Pick<LambdaClient, 'send'>,
  functionName: string,
): Promise<ConsumerMapping | undefined> {
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda');
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName }),
  );
  const [mapping] = EventSourceMappings;
  return mapping?.UUID === undefined
    ? undefined
    : { functionName, uuid: mapping.UUID, state: mapping.State ?? '' };
}

async function functionsOf(
  lambda: Pick<LambdaClient, 'send'>,
  consumers: ReadonlySet<string>,
): Promise<readonly { readonly consumer: string; readonly name: string }[]> {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda');
  const found: { readonly consumer: string; readonly name: string }[] = [];
  let Marker: string | undefined;
  do {
    const page = await lambda.send(new ListFunctionsCommand(Marker === undefined ? {} : { Marker }));
    for (const { FunctionName = '', Environment } of page.Functions ?? []) {
      const variables = Environment?.Variables ?? {};
      const consumer = variables['WAYBILL_CONSUMER'] ?? '';
      if (consumers.has(consumer) && variables['WAYBILL_TRANSPORT'] === 'sns-sqs') {
        found.push({ consumer, name: FunctionName });
      }
    }
    Marker = page.NextMarker;
  } while (Marker);
  return found;
}

/**
 * Lambda takes up to a minute. Waited for where nothing may be received any more.
 *
 * @throws CommandError WAYBILL_TRANSPORT_SWITCH_SLOW
 */
export async function switchMapping(
  lambda: Pick<LambdaClient, 'send'>,
  { uuid, functionName }: ConsumerMapping,
  enabled: boolean,
  within: number,
): Promise<void> {
  const { GetEventSourceMappingCommand, UpdateEventSourceMappingCommand } =
    await import('@aws-sdk/client-lambda');
  const end = systemClock.now() + within;
  for (let isAsked = false; ;) {
    const { State } = await lambda.send(new GetEventSourceMappingCommand({ UUID: uuid }));
    if (State === (enabled ? 'Enabled' : 'Disabled')) return;
    // While it is being changed Lambda refuses another change.
    if (!isAsked && (State === 'Enabled' || State === 'Disabled')) {
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: enabled }));
      isAsked = true;
      continue;
    }
    if (systemClock.now() >= end) {
      throw new CommandError(
        'WAYBILL_TRANSPORT_SWITCH_SLOW',
        `the event source mapping of ${functionName} is ${State ?? 'unknown'} and not ${enabled ? 'Enabled' : 'Disabled'} yet`,
        { fix: 'run the same command again: it goes on where it was' },
      );
    }
    await sleep(systemClock, LOOK_GAP);
  }
}
