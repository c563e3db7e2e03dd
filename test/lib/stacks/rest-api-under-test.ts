/** The REST API of a stack on the embedded API Gateway: what its template says is put there, and asked over HTTP. */
import type { Template } from 'aws-cdk-lib/assertions';
import { gatewayUnderTest, invocationUri } from '../../local/aws/apigateway/gateway-under-test.ts';
import type { GatewayUnderTest, Handler } from '../../local/aws/apigateway/gateway-under-test.ts';

export interface RestApiUnderTest extends GatewayUnderTest {
  /** With the stage. */
  readonly url: string;
}

type Properties = Readonly<Record<string, unknown>>;

/**
 * @param queueName takes what the API's queue routes send
 * @param authorizer what the API's authorizer does
 * @param timeoutInMillis of the integrations, instead of the template's
 */
export async function restApiUnderTest(
  template: Template,
  queueName: string,
  authorizer: Handler,
  { timeoutInMillis }: { readonly timeoutInMillis?: number } = {},
): Promise<RestApiUnderTest> {
  const ofType = (type: string) =>
    Object.entries(template.findResources(`AWS::ApiGateway::${type}`)).map(
      ([id, { Properties: properties }]) => ({ id, properties: properties as Properties }),
    );
  const under = await gatewayUnderTest();
  const { id: restApiId = '', rootResourceId = '' } = await under.call('CreateRestApi', { name: 'api' });
  await under.sqs.handle('CreateQueue', { QueueName: queueName }, { accountId: '000000000000', arn: 'x' });
  const ids = new Map<string, string>();
  const idOf = (reference: unknown): string => ids.get((reference as { Ref: string }).Ref) ?? rootResourceId;
  for (const { properties } of ofType('Model')) {
    await under.call('CreateModel', {
      restApiId,
      name: properties['Name'],
      contentType: properties['ContentType'],
      schema: JSON.stringify(properties['Schema']),
    });
  }
  for (const { id, properties } of ofType('RequestValidator')) {
    const made = await under.call('CreateRequestValidator', { name: id, ...lower(properties), restApiId });
    ids.set(id, made['id'] ?? '');
  }
  for (const { id, properties } of ofType('Authorizer')) {
    const made = await under.call('CreateAuthorizer', {
      ...lower(properties),
      restApiId,
      authorizerUri: invocationUri(under.createFunction('authorizer', authorizer)),
    });
    ids.set(id, made['id'] ?? '');
  }
  for (const { properties } of ofType('GatewayResponse'))
    await under.call('PutGatewayResponse', { ...lower(properties), restApiId });
  // Parents come first, as CDK writes them.
  for (const { id, properties } of ofType('Resource')) {
    const made = await under.call('CreateResource', {
      restApiId,
      parentId: idOf(properties['ParentId']),
      pathPart: properties['PathPart'],
    });
    ids.set(id, made['id'] ?? '');
  }
  for (const { properties } of ofType('Method')) {
    const integration = properties['Integration'] as Properties;
    if (integration['Type'] !== 'AWS') continue;
    const key = {
      restApiId,
      resourceId: idOf(properties['ResourceId']),
      httpMethod: properties['HttpMethod'],
    };
    const { RequestModels: models, RequestValidatorId: validator, AuthorizerId: tokens } = properties;
    await under.call('PutMethod', {
      ...lower(properties),
      ...key,
      requestModels: Object.fromEntries(
        Object.keys(models as Properties).map((type) => [type, ofType('Model')[0]?.properties['Name']]),
      ),
      requestValidatorId: idOf(validator),
      authorizerId: idOf(tokens),
    });
    await under.call('PutIntegration', {
      ...lower(integration),
      ...(timeoutInMillis !== undefined && { timeoutInMillis }),
      ...key,
      uri: `arn:aws:apigateway:us-east-1:sqs:path/000000000000/${queueName}`,
      credentials: undefined,
    });
    for (const response of integration['IntegrationResponses'] as readonly Properties[])
      await under.call('PutIntegrationResponse', { ...lower(response), ...key });
  }
  const deployment = await under.call('CreateDeployment', { restApiId });
  const [stage] = ofType('Stage');
  const stageName = String(stage?.properties['StageName']);
  await under.call('CreateStage', { restApiId, stageName, deploymentId: deployment['id'] });
  const [all] = (stage?.properties['MethodSettings'] ?? []) as readonly Properties[];
  await under.call('UpdateStage', {
    restApiId,
    stageName,
    patchOperations: [
      { op: 'replace', path: '/*/*/throttling/rateLimit', value: String(all?.['ThrottlingRateLimit']) },
      { op: 'replace', path: '/*/*/throttling/burstLimit', value: String(all?.['ThrottlingBurstLimit']) },
    ],
  });
  return { ...under, url: `${under.gateway.urlOf(restApiId)}/${stageName}` };
}

/** Properties as members of the control API. */
function lower(properties: Properties): Properties {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      `${name.charAt(0).toLowerCase()}${name.slice(1)}`,
      value,
    ]),
  );
}
