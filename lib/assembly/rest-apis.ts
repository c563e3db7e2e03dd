/** Methods of REST APIs whose requests API Gateway sends to a queue by itself. */
import { formatArn, partitionOf } from './arn.ts';
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { list, object, text } from './property.ts';
import { isRecord } from '../json.ts';

/** A method with an integration of SQS. */
export interface QueueMethod extends Place {
  readonly resource: Resource;
  /** `arn:...:execute-api:...:API/*`, the source of what it sends. */
  readonly sourceArn: string;
  /** The queue that the integration's path names. */
  readonly queueArn: string;
  readonly roleArn: string | undefined;
  /** Whether the integration sends the form that the Query protocol wants. */
  readonly sendsForm: boolean;
  /** Whether a body of a type without a template is refused, and not passed on as it is. */
  readonly refusesOtherTypes: boolean;
  /** Whether the body is held against a model before it is sent. */
  readonly validatesBody: boolean;
  /** Whether one of its responses has no pattern: without it an unknown status of SQS is a 500 without a word. */
  readonly hasDefaultResponse: boolean;
  readonly requestTemplates: readonly string[];
}

/** `arn:PARTITION:apigateway:REGION:sqs:path/ACCOUNT/QUEUE`, how-to-integration-settings.html. */
const QUEUE_URI = /^arn:[\w-]+:apigateway:([\w-]+):sqs:path\/(\d{12})\/([^/]+)$/;

export function queueMethodsOf(assembly: Assembly): readonly QueueMethod[] {
  return assembly.ofType('AWS::ApiGateway::Method').flatMap((resource): readonly QueueMethod[] => {
    const { properties, accountId, region } = resource;
    const integration = object(properties['Integration']) ?? {};
    const [uri, queueRegion, queueAccount, queueName] = QUEUE_URI.exec(text(integration['Uri']) ?? '') ?? [];
    if (uri === undefined || integration['Type'] !== 'AWS') return [];
    const parameters = object(integration['RequestParameters']) ?? {};
    const contentType = parameters['integration.request.header.Content-Type'];
    const validator = assembly
      .ofType('AWS::ApiGateway::RequestValidator')
      .find(({ ref }) => ref === properties['RequestValidatorId']);
    return [
      {
        resource,
        accountId,
        region,
        sourceArn: formatArn('execute-api', resource, `${text(properties['RestApiId']) ?? ''}/*`),
        queueArn: `arn:${partitionOf(region)}:sqs:${queueRegion}:${queueAccount}:${queueName}`,
        roleArn: text(integration['Credentials']),
        sendsForm: contentType === "'application/x-www-form-urlencoded'",
        refusesOtherTypes: integration['PassthroughBehavior'] === 'NEVER',
        validatesBody:
          validator?.properties['ValidateRequestBody'] === true &&
          Object.keys(object(properties['RequestModels']) ?? {}).length > 0,
        hasDefaultResponse: list(integration['IntegrationResponses']).some(
          (response) => isRecord(response) && response['SelectionPattern'] === undefined,
        ),
        requestTemplates: Object.values(object(integration['RequestTemplates']) ?? {}).flatMap(
          (template) => text(template) ?? [],
        ),
      },
    ];
  });
}
