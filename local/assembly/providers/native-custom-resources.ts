/** Custom resources of CDK about buckets, done here without the functions that CDK brings for them. */
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import { listProperty, objectProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import { emptyBucket } from './s3.ts';

export const NATIVE_CUSTOM_RESOURCES: Readonly<Record<string, Provider>> = {
  'Custom::S3AutoDeleteObjects': {
    honoured: ['*'],
    inert: [],
    replacedOnChange: ['BucketName'],
    create: async (properties) => ({ physicalId: `auto-delete-${bucketOf(properties)}`, attributes: {} }),
    update: async (created) => created,
    delete: (_created, properties, context) => emptyBucket(bucketOf(properties), context),
  },
  'Custom::S3BucketNotifications': {
    honoured: ['*'],
    inert: [],
    replacedOnChange: ['BucketName'],
    async create(properties, context) {
      await putNotifications(
        bucketOf(properties),
        objectProperty(properties, 'NotificationConfiguration'),
        context,
      );
      return { physicalId: `notifications-${bucketOf(properties)}`, attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await putNotifications(
        bucketOf(properties),
        objectProperty(properties, 'NotificationConfiguration'),
        context,
      );
      return created;
    },
    delete: (_created, properties, context) => putNotifications(bucketOf(properties), {}, context),
  },
};

function bucketOf(properties: JsonObject): string {
  return textProperty(properties, 'BucketName') ?? '';
}

/** The API's JSON, as CDK writes it here, in the words of the XML. */
async function putNotifications(bucket: string, given: JsonObject, context: ProviderContext): Promise<void> {
  const of = (list: string, member: string, target: string): Json[] =>
    listProperty(given, list)
      .filter(isJsonObject)
      .map((each) => ({
        ...(each['Id'] !== undefined && { Id: each['Id'] }),
        [target]: each[member] ?? '',
        Event: each['Events'] ?? [],
        Filter: {
          S3Key: {
            FilterRule: listProperty(objectProperty(objectProperty(each, 'Filter'), 'Key'), 'FilterRules'),
          },
        },
      }));
  await context.call('s3', 'PutBucketNotificationConfiguration', {
    Bucket: bucket,
    Configuration: {
      QueueConfiguration: of('QueueConfigurations', 'QueueArn', 'Queue'),
      TopicConfiguration: of('TopicConfigurations', 'TopicArn', 'Topic'),
      CloudFunctionConfiguration: of('LambdaFunctionConfigurations', 'LambdaFunctionArn', 'CloudFunction'),
      ...(given['EventBridgeConfiguration'] !== undefined && { EventBridgeConfiguration: {} }),
    },
  });
}
