/** AWS::Pipes::* */
import { answered, defined, tagsOf, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html */
const PIPE_NAME_LENGTH = 64;

const PIPE_PROPERTIES = [
  'Description',
  'DesiredState',
  'Enrichment',
  'EnrichmentParameters',
  'RoleArn',
  'Source',
  'SourceParameters',
  'Target',
  'TargetParameters',
];

export const PIPES_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::Pipes::Pipe': {
    honoured: ['Name', 'Tags', ...PIPE_PROPERTIES],
    inert: ['KmsKeyIdentifier', 'LogConfiguration'],
    replacedOnChange: ['Name', 'Source'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(PIPE_NAME_LENGTH);
      const answer = await context.call('pipes', 'CreatePipe', pipeOf(name, properties));
      return created(name, answered(answer, 'Arn'), properties);
    },
    async update(before, properties, _previous, context) {
      const answer = await update(before.physicalId, properties, context);
      return created(before.physicalId, answered(answer, 'Arn'), properties);
    },
    async delete(before, _properties, context) {
      await context.call('pipes', 'DeletePipe', { Name: before.physicalId });
    },
  },
};

function update(name: string, properties: JsonObject, context: ProviderContext): Promise<JsonObject> {
  return context.call('pipes', 'UpdatePipe', { DesiredState: 'RUNNING', ...pipeOf(name, properties) });
}

function created(name: string, arn: string, properties: JsonObject) {
  const state = textProperty(properties, 'DesiredState') ?? 'RUNNING';
  return { physicalId: name, attributes: { Arn: arn, CurrentState: state } };
}

function pipeOf(name: string, properties: JsonObject): Record<string, unknown> {
  const members = PIPE_PROPERTIES.map((property) => [property, numbers(properties[property] ?? null)]);
  const given = Object.fromEntries(members) as JsonObject;
  return defined({
    Name: name,
    Tags: Array.isArray(properties['Tags']) ? tagsOf(properties) : properties['Tags'],
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
  });
}

/** The parameters that the API takes as numbers, which a template may hold as text. */
const NUMBERS: ReadonlySet<string> = new Set([
  'BatchSize',
  'MaximumBatchingWindowInSeconds',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
]);

function numbers(value: Json): Json {
  if (Array.isArray(value)) return (value as Json[]).map(numbers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      NUMBERS.has(name) && typeof member === 'string' ? Number(member) : numbers(member),
    ]),
  );
}
