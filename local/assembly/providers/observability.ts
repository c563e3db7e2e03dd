/** AWS::CloudWatch::* and AWS::Logs::* */
import { booleanProperty, defined, listProperty, numberProperty, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

/** Characters of an alarm's, dashboard's or filter's name, and of a log group's. */
const NAME_LENGTH = 255;
const LOG_GROUP_NAME_LENGTH = 512;

const ALARM_PROPERTIES = [
  'ActionsEnabled',
  'AlarmActions',
  'AlarmDescription',
  'ComparisonOperator',
  'DatapointsToAlarm',
  'Dimensions',
  'EvaluateLowSampleCountPercentile',
  'EvaluationPeriods',
  'ExtendedStatistic',
  'InsufficientDataActions',
  'MetricName',
  'Metrics',
  'Namespace',
  'OKActions',
  'Period',
  'Statistic',
  'Tags',
  'Threshold',
  'TreatMissingData',
  'Unit',
];
const COMPOSITE_ALARM_PROPERTIES = [
  'ActionsEnabled',
  'ActionsSuppressor',
  'ActionsSuppressorExtensionPeriod',
  'ActionsSuppressorWaitPeriod',
  'AlarmActions',
  'AlarmDescription',
  'AlarmRule',
  'InsufficientDataActions',
  'OKActions',
  'Tags',
];

export const OBSERVABILITY_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::CloudWatch::Alarm': alarm('PutMetricAlarm', ALARM_PROPERTIES),
  'AWS::CloudWatch::CompositeAlarm': alarm('PutCompositeAlarm', COMPOSITE_ALARM_PROPERTIES),
  'AWS::CloudWatch::Dashboard': named({
    name: 'DashboardName',
    nameLength: NAME_LENGTH,
    honoured: ['DashboardBody'],
    inert: ['Tags'],
    async put(DashboardName, properties, context) {
      const DashboardBody = textProperty(properties, 'DashboardBody');
      await context.call('monitoring', 'PutDashboard', { DashboardName, DashboardBody });
    },
    remove: (name, _properties, context) =>
      context.call('monitoring', 'DeleteDashboards', { DashboardNames: [name] }),
  }),
  'AWS::Logs::LogGroup': {
    honoured: ['LogGroupName', 'RetentionInDays', 'Tags', 'LogGroupClass'],
    // Nothing is encrypted on this machine, and fields are not indexed: queries do not run here.
    inert: ['FieldIndexPolicies', 'KmsKeyId'],
    replacedOnChange: ['LogGroupName'],
    async create(properties, context) {
      const name = textProperty(properties, 'LogGroupName') ?? context.generatedName(LOG_GROUP_NAME_LENGTH);
      await context.call(
        'logs',
        'CreateLogGroup',
        defined({
          logGroupName: name,
          logGroupClass: textProperty(properties, 'LogGroupClass'),
          kmsKeyId: textProperty(properties, 'KmsKeyId'),
          tags: tagMap(properties),
        }),
      );
      await setRetention(name, properties, context);
      const { region, accountId } = context.aws;
      return {
        physicalId: name,
        attributes: { Arn: `arn:aws:logs:${region}:${accountId}:log-group:${name}:*` },
      };
    },
    async update(created, properties, previous, context) {
      const logGroupName = created.physicalId;
      await setRetention(logGroupName, properties, context);
      const tags = tagMap(properties);
      const gone = Object.keys(tagMap(previous)).filter((key) => !(key in tags));
      if (gone.length > 0) await context.call('logs', 'UntagLogGroup', { logGroupName, tags: gone });
      if (Object.keys(tags).length > 0) await context.call('logs', 'TagLogGroup', { logGroupName, tags });
      return created;
    },
    async delete(created, _properties, context) {
      await unlessGone(context.call('logs', 'DeleteLogGroup', { logGroupName: created.physicalId }));
    },
  },
  'AWS::Logs::LogStream': named({
    name: 'LogStreamName',
    nameLength: LOG_GROUP_NAME_LENGTH,
    honoured: ['LogGroupName'],
    replacedOnChange: ['LogGroupName'],
    async put(logStreamName, properties, context) {
      const logGroupName = textProperty(properties, 'LogGroupName');
      await context.call('logs', 'CreateLogStream', { logGroupName, logStreamName });
    },
    remove: (logStreamName, properties, context) =>
      context.call('logs', 'DeleteLogStream', {
        logGroupName: textProperty(properties, 'LogGroupName'),
        logStreamName,
      }),
  }),
  'AWS::Logs::DeliverySource': notDelivered(['LogType', 'Name', 'ResourceArn', 'Tags']),
  'AWS::Logs::DeliveryDestination': notDelivered([
    'DestinationResourceArn',
    'DeliveryDestinationPolicy',
    'DeliveryDestinationType',
    'Name',
    'OutputFormat',
    'Tags',
  ]),
  'AWS::Logs::Delivery': notDelivered([
    'DeliveryDestinationArn',
    'DeliverySourceName',
    'FieldDelimiter',
    'RecordFields',
    'S3EnableHiveCompatiblePath',
    'S3SuffixPath',
    'Tags',
  ]),
  'AWS::Logs::MetricFilter': named({
    name: 'FilterName',
    nameLength: NAME_LENGTH,
    honoured: ['FilterPattern', 'LogGroupName', 'MetricTransformations'],
    replacedOnChange: ['LogGroupName'],
    async put(filterName, properties, context) {
      await context.call('logs', 'PutMetricFilter', {
        filterName,
        filterPattern: textProperty(properties, 'FilterPattern') ?? '',
        logGroupName: textProperty(properties, 'LogGroupName'),
        metricTransformations: listProperty(properties, 'MetricTransformations')
          .filter(isJsonObject)
          .map(metricTransformation),
      });
    },
    remove: (filterName, properties, context) =>
      context.call('logs', 'DeleteMetricFilter', {
        filterName,
        logGroupName: textProperty(properties, 'LogGroupName'),
      }),
  }),
  'AWS::Logs::SubscriptionFilter': named({
    name: 'FilterName',
    nameLength: NAME_LENGTH,
    honoured: ['DestinationArn', 'FilterPattern', 'LogGroupName', 'RoleArn'],
    // One process has one order: each stream's events go out in theirs.
    inert: ['Distribution'],
    replacedOnChange: ['LogGroupName'],
    async put(filterName, properties, context) {
      await context.call(
        'logs',
        'PutSubscriptionFilter',
        defined({
          filterName,
          filterPattern: textProperty(properties, 'FilterPattern') ?? '',
          logGroupName: textProperty(properties, 'LogGroupName'),
          destinationArn: textProperty(properties, 'DestinationArn'),
          roleArn: textProperty(properties, 'RoleArn'),
        }),
      );
    },
    remove: (filterName, properties, context) =>
      context.call('logs', 'DeleteSubscriptionFilter', {
        filterName,
        logGroupName: textProperty(properties, 'LogGroupName'),
      }),
  }),
  'AWS::Logs::ResourcePolicy': named({
    name: 'PolicyName',
    nameLength: NAME_LENGTH,
    honoured: ['PolicyDocument'],
    async put(policyName, properties, context) {
      const document = properties['PolicyDocument'];
      const policyDocument = typeof document === 'string' ? document : JSON.stringify(document);
      await context.call('logs', 'PutResourcePolicy', { policyName, policyDocument });
    },
    remove: (policyName, _properties, context) =>
      context.call('logs', 'DeleteResourcePolicy', { policyName }),
  }),
};

/** What a resource is that is known by its name and put anew to change it. */
interface NamedResource {
  /** The property that names it. */
  readonly name: string;
  readonly nameLength: number;
  readonly honoured: readonly string[];
  readonly inert?: readonly string[];
  /** Besides the name. */
  readonly replacedOnChange?: readonly string[];
  put(name: string, properties: JsonObject, context: ProviderContext): Promise<void>;
  remove(name: string, properties: JsonObject, context: ProviderContext): Promise<unknown>;
}

function named(resource: NamedResource): Provider {
  return {
    honoured: [resource.name, ...resource.honoured],
    inert: resource.inert ?? [],
    replacedOnChange: [resource.name, ...(resource.replacedOnChange ?? [])],
    async create(properties, context) {
      const name = textProperty(properties, resource.name) ?? context.generatedName(resource.nameLength);
      await resource.put(name, properties, context);
      return { physicalId: name, attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await resource.put(created.physicalId, properties, context);
      return created;
    },
    async delete(created, properties, context) {
      await unlessGone(resource.remove(created.physicalId, properties, context));
    },
  };
}

/** What services write about themselves: the embedded ones write nothing. */
function notDelivered(properties: readonly string[]): Provider {
  return {
    honoured: [],
    inert: properties,
    async create(given, context) {
      const name = textProperty(given, 'Name') ?? context.generatedName(NAME_LENGTH);
      const { region, accountId } = context.aws;
      return {
        physicalId: name,
        attributes: { Arn: `arn:aws:logs:${region}:${accountId}:delivery:${name}` },
        inertBecause: 'services write no logs about themselves during a local run',
      };
    },
  };
}

function alarm(action: 'PutMetricAlarm' | 'PutCompositeAlarm', properties: readonly string[]): Provider {
  const put = async (name: string, given: JsonObject, context: ProviderContext): Promise<Created> => {
    await context.call(
      'monitoring',
      action,
      defined({
        ...given,
        AlarmName: name,
        ActionsEnabled: booleanProperty(given, 'ActionsEnabled'),
        Period: numberProperty(given, 'Period'),
        EvaluationPeriods: numberProperty(given, 'EvaluationPeriods'),
        DatapointsToAlarm: numberProperty(given, 'DatapointsToAlarm'),
        Threshold: numberProperty(given, 'Threshold'),
      }),
    );
    const { region, accountId } = context.aws;
    const arn = `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
    return { physicalId: name, attributes: { Arn: arn } };
  };
  return {
    honoured: ['AlarmName', ...properties],
    inert: [],
    replacedOnChange: ['AlarmName'],
    create: (given, context) =>
      put(textProperty(given, 'AlarmName') ?? context.generatedName(NAME_LENGTH), given, context),
    update: (created, given, _previous, context) => put(created.physicalId, given, context),
    async delete(created, _properties, context) {
      await context.call('monitoring', 'DeleteAlarms', { AlarmNames: [created.physicalId] });
    },
  };
}

async function setRetention(
  logGroupName: string,
  properties: JsonObject,
  context: ProviderContext,
): Promise<void> {
  const retentionInDays = numberProperty(properties, 'RetentionInDays');
  if (retentionInDays === undefined) await context.call('logs', 'DeleteRetentionPolicy', { logGroupName });
  else await context.call('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays });
}

/** `[{Key, Value}]` as the API of log groups wants tags. */
function tagMap(properties: JsonObject): Record<string, string> {
  return keyedTexts(listProperty(properties, 'Tags'));
}

function keyedTexts(entries: readonly Json[]): Record<string, string> {
  return Object.fromEntries(
    entries
      .filter(isJsonObject)
      .map((entry) => [textProperty(entry, 'Key') ?? '', textProperty(entry, 'Value') ?? '']),
  );
}

function metricTransformation(properties: JsonObject): Record<string, unknown> {
  const dimensions = keyedTexts(listProperty(properties, 'Dimensions'));
  return defined({
    metricName: textProperty(properties, 'MetricName'),
    metricNamespace: textProperty(properties, 'MetricNamespace'),
    metricValue: textProperty(properties, 'MetricValue'),
    defaultValue: numberProperty(properties, 'DefaultValue'),
    unit: textProperty(properties, 'Unit'),
    dimensions: Object.keys(dimensions).length > 0 ? dimensions : undefined,
  });
}

/** What somebody took away by hand needs no deletion. */
async function unlessGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    const gone = ['ResourceNotFoundException', 'DashboardNotFoundError'];
    if (!(error instanceof Error) || !gone.includes(error.name)) throw error;
  }
}
