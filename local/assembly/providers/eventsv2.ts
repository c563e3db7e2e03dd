/** AWS::EventsV2::* */
import { AwsError } from '../../aws/errors.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { answered, CannotRun, defined, objectProperty, tagsOf, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';

/** Services that the embedded AWS delivers to. */
const TARGETS = ['sqs', 'sns', 'lambda'];

/** What is passed on as it is. Numbers may come as texts. */
const SETTINGS = [
  'Description',
  'FilterConfiguration',
  'BatchConfiguration',
  'Transformer',
  'RetryPolicy',
  'OnFailureConfiguration',
  'LogConfiguration',
  'State',
];

export const EVENTS_V2_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::EventsV2::EventBus': {
    honoured: ['Name', 'Description', 'StorageConfiguration', 'EncryptionConfiguration', 'Tags'],
    inert: [],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const answer = await context.call('eventsv2', 'CreateEventBus', {
        Name: properties['Name'],
        ...busSettings(properties),
        Tags: tagsOf(properties),
      });
      const arn = answered(answer, 'EventBusArn');
      return { physicalId: arn, attributes: { EventBusArn: arn, State: 'ACTIVE', ...times(answer) } };
    },
    async update(created, properties, previous, context) {
      const EventBusArn = created.physicalId;
      // Empty means the key that AWS owns; absent would leave what is there.
      const input = { EncryptionConfiguration: {}, ...busSettings(properties), EventBusArn };
      await context.call('eventsv2', 'UpdateEventBus', input);
      await changeTags(context, EventBusArn, properties, previous);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('eventsv2', 'DeleteEventBus', { EventBusArn: created.physicalId });
    },
  },
  'AWS::EventsV2::Subscriber': {
    honoured: [
      'Name',
      'EventBusArn',
      'InvokeConfiguration',
      'Type',
      'StartingPosition',
      'PointInTimeConfiguration',
      'ResumePosition',
      'Tags',
      ...SETTINGS,
    ],
    inert: [],
    replacedOnChange: ['Name', 'EventBusArn', 'Type', 'StartingPosition', 'PointInTimeConfiguration'],
    create: createSubscriber,
    async update(created, properties, previous, context) {
      const target = (from: JsonObject) => objectProperty(from, 'InvokeConfiguration')['TargetArn'];
      // Another target is another subscriber; CloudFormation too deletes this one first.
      if (target(properties) !== target(previous)) {
        await deleteSubscriber(created, properties, context);
        return createSubscriber(properties, context);
      }
      const { TargetArn: _target, ...invoke } = objectProperty(properties, 'InvokeConfiguration');
      await context.call('eventsv2', 'UpdateSubscriber', {
        SubscriberArn: created.physicalId,
        InvokeConfiguration: invoke,
        FilterConfiguration: {},
        ...settingsOf(properties),
        ...defined({ ResumePosition: properties['ResumePosition'] }),
      });
      await changeTags(context, created.physicalId, properties, previous);
      return created;
    },
    delete: deleteSubscriber,
  },
  'AWS::EventsV2::ResourcePolicy': {
    honoured: ['EventBusArn', 'PolicyDocument'],
    inert: [],
    replacedOnChange: ['EventBusArn'],
    create: (properties, context) => putPolicy(properties, context),
    update: (_created, properties, _previous, context) => putPolicy(properties, context),
    async delete(created, _properties, context) {
      await ignoreMissing(() =>
        context.call('eventsv2', 'DeleteResourcePolicy', { ResourceArn: created.physicalId }),
      );
    },
  },
};

async function createSubscriber(properties: JsonObject, context: ProviderContext): Promise<Created> {
  const target = textProperty(objectProperty(properties, 'InvokeConfiguration'), 'TargetArn') ?? '';
  const service = target.split(':')[2] ?? '';
  if (!TARGETS.includes(service)) {
    throw new CannotRun(`the embedded AWS delivers events to ${TARGETS.join(', ')}, not to ${target}`);
  }
  const answer = await context.call(
    'eventsv2',
    'CreateSubscriber',
    defined({
      Name: properties['Name'],
      EventBusArn: properties['EventBusArn'],
      InvokeConfiguration: properties['InvokeConfiguration'],
      Type: properties['Type'],
      StartingPosition: properties['StartingPosition'],
      PointInTimeConfiguration: properties['PointInTimeConfiguration'],
      ...settingsOf(properties),
      Tags: tagsOf(properties),
    }),
  );
  const arn = answered(answer, 'SubscriberArn');
  const BusName = (textProperty(properties, 'EventBusArn') ?? '').split('/')[1] ?? '';
  return { physicalId: arn, attributes: { SubscriberArn: arn, BusName, ...times(answer) } };
}

async function deleteSubscriber(
  created: Created,
  _properties: JsonObject,
  context: ProviderContext,
): Promise<void> {
  await context.call('eventsv2', 'DeleteSubscriber', { SubscriberArn: created.physicalId });
}

async function putPolicy(properties: JsonObject, context: ProviderContext): Promise<Created> {
  const ResourceArn = textProperty(properties, 'EventBusArn') ?? '';
  const answer = await context.call('eventsv2', 'PutResourcePolicy', {
    ResourceArn,
    PolicyDocument: JSON.stringify(properties['PolicyDocument']),
  });
  return { physicalId: ResourceArn, attributes: { RevisionId: answered(answer, 'RevisionId') } };
}

function busSettings(properties: JsonObject): Record<string, unknown> {
  return defined({
    Description: properties['Description'],
    StorageConfiguration: numbersIn(properties['StorageConfiguration']),
    EncryptionConfiguration: properties['EncryptionConfiguration'],
  });
}

function settingsOf(properties: JsonObject): Record<string, unknown> {
  return defined(Object.fromEntries(SETTINGS.map((name) => [name, numbersIn(properties[name])])));
}

/** CloudFormation takes `"30"` for 30; the API does not. */
function numbersIn(value: Json | undefined): unknown {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      typeof member === 'string' && /^\d+$/.test(member) ? Number(member) : member,
    ]),
  );
}

/** Times as CloudFormation gives them. */
function times(answer: JsonObject): JsonObject {
  const iso = (name: string) => new Date(Number(answer[name] ?? 0) * 1_000).toISOString();
  const created = iso('CreationTime');
  return { CreationTime: created, LastModifiedTime: created };
}

async function changeTags(
  context: ProviderContext,
  ResourceArn: string,
  properties: JsonObject,
  previous: JsonObject,
): Promise<void> {
  const Tags = tagsOf(properties);
  const TagKeys = Object.keys(tagsOf(previous)).filter((key) => Tags[key] === undefined);
  if (TagKeys.length > 0) await context.call('eventsv2', 'UntagResource', { ResourceArn, TagKeys });
  if (Object.keys(Tags).length > 0) await context.call('eventsv2', 'TagResource', { ResourceArn, Tags });
}

/** The bus of a policy may be gone before it. */
async function ignoreMissing(action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== 'ResourceNotFoundException') throw error;
  }
}
