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
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda');
  const found = (await functionsOf(lambda, consumer)).filter(
    (name) => functionName === undefined || name === functionName,
  );
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
  const { EventSourceMappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: only }),
  );
  const [mapping] = EventSourceMappings;
  if (mapping?.UUID !== undefined) {
    return { functionName: only, uuid: mapping.UUID, state: mapping.State ?? '' };
  }
  throw new CommandError(
    'WAYBILL_TRANSPORT_FUNCTION_UNKNOWN',
    `function ${only} has no event source mapping`,
    {
      fix: 'deploy the stack of the consumer',
    },
  );
}

async function functionsOf(lambda: Pick<LambdaClient, 'send'>, consumer: string): Promise<string[]> {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda');
  const found: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await lambda.send(new ListFunctionsCommand(Marker === undefined ? {} : { Marker }));
    for (const { FunctionName = '', Environment } of page.Functions ?? []) {
      const variables = Environment?.Variables ?? {};
      if (variables['WAYBILL_CONSUMER'] === consumer && variables['WAYBILL_TRANSPORT'] === 'sns-sqs') {
        found.push(FunctionName);
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
