/** The consumers that obey a controls table: found by the variables that the constructs give their functions. */
import type { LambdaClient } from '@aws-sdk/client-lambda';
import { CommandError } from '../command-error.ts';

export interface ControlledConsumer {
  readonly name: string;
  readonly functionName: string;
  readonly table: string;
  /** Absent where it reads a stream or a broker. */
  readonly queueUrl: string | undefined;
  /** Absent where it has none. */
  readonly parkingQueueUrl: string | undefined;
  /** What it calls through circuit breakers. */
  readonly dependencies: readonly string[];
  readonly mappings: readonly Mapping[];
}

export interface Mapping {
  readonly uuid: string;
  /** In Lambda's words: Enabled, Disabled, Enabling, Disabling, Updating. */
  readonly state: string;
}

/** Every function of the account and Region that has a controls table. */
export async function controlledConsumers(
  lambda: Pick<LambdaClient, 'send'>,
): Promise<readonly ControlledConsumer[]> {
  const { ListFunctionsCommand } = await import('@aws-sdk/client-lambda');
  const found: ControlledConsumer[] = [];
  let Marker: string | undefined;
  do {
    const page = await lambda.send(new ListFunctionsCommand(Marker === undefined ? {} : { Marker }));
    for (const { FunctionName: functionName = '', Environment } of page.Functions ?? []) {
      const variables = Environment?.Variables ?? {};
      const { WAYBILL_CONSUMER: name, WAYBILL_CONTROLS_TABLE: table } = variables;
      if (!name || !table) continue;
      found.push({
        name,
        functionName,
        table,
        queueUrl: variables['WAYBILL_QUEUE_URL'] || undefined,
        parkingQueueUrl: variables['WAYBILL_PARKING_QUEUE_URL'] || undefined,
        dependencies: (variables['WAYBILL_DEPENDENCIES'] ?? '').split(',').filter(Boolean),
        mappings: await mappingsOf(lambda, functionName),
      });
    }
    Marker = page.NextMarker;
  } while (Marker);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function mappingsOf(
  lambda: Pick<LambdaClient, 'send'>,
  functionName: string,
): Promise<readonly Mapping[]> {
  const { ListEventSourceMappingsCommand } = await import('@aws-sdk/client-lambda');
  const { EventSourceMappings: mappings = [] } = await lambda.send(
    new ListEventSourceMappingsCommand({ FunctionName: functionName }),
  );
  return mappings.map(({ UUID: uuid = '', State: state = '' }) => ({ uuid, state }));
}

/** The table that was asked for, or the only one there is. */
export function tableOf(consumers: readonly ControlledConsumer[], given: string | undefined): string {
  if (given !== undefined && given !== '') return given;
  const tables = [...new Set(consumers.map(({ table }) => table))];
  if (tables.length === 1) return tables[0]!;
  throw new CommandError(
    'WAYBILL_CONTROLS_TABLE_UNKNOWN',
    tables.length === 0
      ? 'no function here has a controls table'
      : `there are several controls tables: ${tables.join(', ')}`,
    {
      fix:
        tables.length === 0
          ? 'check account, Region and AWS_ENDPOINT_URL, and that the consumers have `controls`'
          : 'say which: --table NAME',
    },
  );
}

export function consumerNamed(consumers: readonly ControlledConsumer[], name: string): ControlledConsumer {
  const found = consumers.find((consumer) => consumer.name === name);
  if (found !== undefined) return found;
  throw new CommandError('WAYBILL_CONSUMER_UNKNOWN', `there is no consumer '${name}' with controls`, {
    fix: `take one of: ${consumers.map((consumer) => consumer.name).join(', ') || 'none here'}`,
  });
}

/** Waits for nothing: Lambda takes up to a minute, and the switch in the table counts meanwhile. */
export async function enableMappings(
  lambda: Pick<LambdaClient, 'send'>,
  consumer: ControlledConsumer,
  enabled: boolean,
): Promise<void> {
  const { UpdateEventSourceMappingCommand } = await import('@aws-sdk/client-lambda');
  for (const { uuid } of consumer.mappings) {
    await lambda.send(new UpdateEventSourceMappingCommand({ UUID: uuid, Enabled: enabled }));
  }
}
