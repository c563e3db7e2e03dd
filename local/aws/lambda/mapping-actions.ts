/** The actions on event source mappings. */
import { page } from '../paging.ts';
import { invalid, optional, optionalNumber, optionalText, text, type Action } from './action-input.ts';
import type { MappingInput } from './event-source-mapping.ts';
import { functionArnOf, parseFunctionReference } from './function-reference.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html */
const PAGE_SIZE = 100;

export const MAPPING_ACTIONS: Readonly<Record<string, Action>> = {
  async CreateEventSourceMapping({ mappings }, input) {
    text(input, 'FunctionName');
    if (optionalText(input, 'EventSourceArn') === undefined) {
      throw invalid('Unrecognized event source, must be kinesis, dynamodb stream or sqs.');
    }
    const mapping = await mappings.create(input as unknown as MappingInput);
    return { ...mappings.describe(mapping), State: 'Creating' };
  },
  async UpdateEventSourceMapping({ mappings }, input) {
    const { UUID: _uuid, ...changes } = input;
    const mapping = await mappings.update(text(input, 'UUID'), changes);
    return { ...mappings.describe(mapping), State: 'Updating' };
  },
  async DeleteEventSourceMapping({ mappings }, input) {
    const uuid = text(input, 'UUID');
    const shown = mappings.describe(mappings.get(uuid));
    await mappings.delete(uuid);
    return { ...shown, State: 'Deleting' };
  },
  GetEventSourceMapping: ({ mappings }, input) => mappings.describe(mappings.get(text(input, 'UUID'))),
  ListEventSourceMappings({ mappings, functions, context }, input) {
    const name = optionalText(input, 'FunctionName');
    const source = optionalText(input, 'EventSourceArn');
    if (name !== undefined) functions.find(name);
    const arn = (reference: string): string => functionArnOf(context, parseFunctionReference(reference));
    const wanted = mappings
      .list()
      .filter(({ functionName }) => name === undefined || arn(functionName) === arn(name))
      .filter(({ eventSourceArn }) => source === undefined || eventSourceArn === source);
    const { items, next } = page(wanted, {
      size: optionalNumber(input, 'MaxItems', { minimum: 1, maximum: 10_000 }) ?? PAGE_SIZE,
      token: optionalText(input, 'Marker'),
      invalidToken: () => invalid('Invalid marker'),
    });
    return {
      EventSourceMappings: items.map((mapping) => mappings.describe(mapping)),
      ...optional('NextMarker', next.NextToken),
    };
  },
};
