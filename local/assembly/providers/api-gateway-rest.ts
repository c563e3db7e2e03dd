/** AWS::ApiGateway::*: REST APIs. Properties are named as in the control API, with a capital letter. */
import { answered, CannotRun, listProperty, objectProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

const GENERATED_NAME_LENGTH = 64;

export const API_GATEWAY_REST_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::ApiGateway::RestApi': {
    honoured: ['BinaryMediaTypes', 'Description', 'Name', 'Policy'],
    inert: [
      'ApiKeySourceType',
      'CloneFrom',
      'DisableExecuteApiEndpoint',
      'EndpointConfiguration',
      'FailOnWarnings',
      'MinimumCompressionSize',
      'Mode',
      'Parameters',
      'Tags',
    ],
    async create(properties, context) {
      if (properties['Body'] !== undefined || properties['BodyS3Location'] !== undefined) {
        throw new CannotRun('REST APIs that are imported from an OpenAPI document do not run here');
      }
      const name = textProperty(properties, 'Name') ?? context.logicalId;
      const policy = properties['Policy'];
      const answer = await context.call('apigateway', 'CreateRestApi', {
        name,
        description: properties['Description'],
        binaryMediaTypes: listProperty(properties, 'BinaryMediaTypes'),
        ...(policy !== undefined && { policy: JSON.stringify(policy) }),
      });
      const id = answered(answer, 'id');
      context.records.apis.push({
        name,
        apiId: id,
        url: context.aws.services.get('apigateway').urlOf(id),
      });
      return {
        physicalId: id,
        attributes: { RestApiId: id, RootResourceId: answered(answer, 'rootResourceId') },
      };
    },
    replacedOnChange: ['BinaryMediaTypes'],
    async update(created, properties, _previous, context) {
      const policy = properties['Policy'];
      const value = {
        '/name': textProperty(properties, 'Name') ?? context.logicalId,
        '/description': textProperty(properties, 'Description'),
        '/policy': policy === undefined ? undefined : JSON.stringify(policy),
      };
      await context.call('apigateway', 'UpdateRestApi', {
        restApiId: created.physicalId,
        patchOperations: Object.entries(value)
          .filter(([, text]) => text !== undefined)
          .map(([path, text]) => ({ op: 'replace', path, value: text })),
      });
      return created;
    },
    async delete({ physicalId }, _properties, context) {
      await context.call('apigateway', 'DeleteRestApi', { restApiId: physicalId });
    },
  },
  'AWS::ApiGateway::Resource': {
    honoured: ['ParentId', 'PathPart', 'RestApiId'],
    inert: [],
    async create(properties, context) {
      const id = await made(context, 'CreateResource', members(properties));
      return { physicalId: id, attributes: { ResourceId: id } };
    },
    async delete({ physicalId }, properties, context) {
      await context.call('apigateway', 'DeleteResource', {
        restApiId: properties['RestApiId'],
        resourceId: physicalId,
      });
    },
  },
  'AWS::ApiGateway::Method': {
    honoured: [
      'ApiKeyRequired',
      'AuthorizationType',
      'AuthorizerId',
      'HttpMethod',
      'Integration',
      'MethodResponses',
      'RequestModels',
      'RequestParameters',
      'RequestValidatorId',
      'ResourceId',
      'RestApiId',
    ],
    inert: ['AuthorizationScopes', 'OperationName'],
    replacedOnChange: ['HttpMethod', 'ResourceId', 'RestApiId'],
    async create(properties, context) {
      return { physicalId: await putMethod(properties, context), attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await putMethod(properties, context);
      return created;
    },
    async delete(_created, properties, context) {
      await context.call('apigateway', 'DeleteMethod', methodKey(properties));
    },
  },
  'AWS::ApiGateway::Model': part({
    create: 'CreateModel',
    remove: 'DeleteModel',
    idMember: 'name',
    removedBy: 'modelName',
    honoured: ['ContentType', 'Description', 'Name', 'RestApiId', 'Schema'],
    ownName: 'Name',
  }),
  'AWS::ApiGateway::RequestValidator': part({
    create: 'CreateRequestValidator',
    remove: 'DeleteRequestValidator',
    removedBy: 'requestValidatorId',
    honoured: ['Name', 'RestApiId', 'ValidateRequestBody', 'ValidateRequestParameters'],
  }),
  'AWS::ApiGateway::Authorizer': part({
    create: 'CreateAuthorizer',
    remove: 'DeleteAuthorizer',
    removedBy: 'authorizerId',
    honoured: [
      'AuthorizerResultTtlInSeconds',
      'AuthorizerUri',
      'IdentitySource',
      'IdentityValidationExpression',
      'Name',
      'RestApiId',
      'Type',
    ],
    inert: ['AuthType', 'AuthorizerCredentials'],
  }),
  'AWS::ApiGateway::GatewayResponse': part({
    create: 'PutGatewayResponse',
    remove: 'DeleteGatewayResponse',
    idMember: 'responseType',
    removedBy: 'responseType',
    honoured: ['ResponseParameters', 'ResponseTemplates', 'ResponseType', 'RestApiId', 'StatusCode'],
    ownName: 'ResponseType',
  }),
  'AWS::ApiGateway::Deployment': part({
    create: 'CreateDeployment',
    remove: 'DeleteDeployment',
    removedBy: 'deploymentId',
    honoured: ['RestApiId', 'StageName'],
    inert: ['DeploymentCanarySettings', 'Description', 'StageDescription'],
  }),
  'AWS::ApiGateway::Stage': {
    honoured: ['DeploymentId', 'MethodSettings', 'RestApiId', 'StageName', 'Variables'],
    inert: [
      'AccessLogSetting',
      'CacheClusterEnabled',
      'CacheClusterSize',
      'CanarySetting',
      'Description',
      'Tags',
      'TracingEnabled',
    ],
    replacedOnChange: ['RestApiId', 'StageName'],
    async create(properties, context) {
      const id = await made(context, 'CreateStage', members(properties), 'stageName');
      await throttle(properties, context);
      return { physicalId: id, attributes: { StageId: id } };
    },
    async update(created, properties, _previous, context) {
      await made(context, 'CreateStage', members(properties), 'stageName');
      await throttle(properties, context);
      return created;
    },
    async delete({ physicalId }, properties, context) {
      await context.call('apigateway', 'DeleteStage', {
        restApiId: properties['RestApiId'],
        stageName: physicalId,
      });
    },
  },
  'AWS::ApiGateway::Account': {
    honoured: [],
    inert: ['CloudWatchRoleArn'],
    async create(_properties, context) {
      const id = context.generatedName(GENERATED_NAME_LENGTH);
      return {
        physicalId: id,
        attributes: { Id: id },
        inertBecause: 'access logs of REST APIs are not written here',
      };
    },
  },
};

interface Part {
  /** The actions that make it, or change it when it has a name of its own, and take it away. */
  readonly create: string;
  readonly remove: string;
  /** The member of the answer that is its id; `id` when absent. */
  readonly idMember?: string;
  /** The member of the removal that takes the id. */
  readonly removedBy: string;
  readonly honoured: readonly string[];
  readonly inert?: readonly string[];
  /** The property that names it. A part with a name is changed in place, any other is made anew. */
  readonly ownName?: string;
}

function part({ create, remove, idMember = 'id', removedBy, honoured, inert = [], ownName }: Part): Provider {
  const make = (properties: JsonObject, context: ProviderContext): Promise<string> => {
    // Names of parts are letters and digits only.
    const name = context.generatedName(GENERATED_NAME_LENGTH).replaceAll(/[^A-Za-z0-9]/g, '');
    const input = { ...(honoured.includes('Name') && { name }), ...members(properties) };
    return made(context, create, input, idMember);
  };
  return {
    honoured,
    inert,
    async create(properties, context) {
      const id = await make(properties, context);
      return { physicalId: id, attributes: { [`${create.replace(/^(?:Create|Put)/, '')}Id`]: id } };
    },
    ...(ownName !== undefined && {
      replacedOnChange: [ownName, 'RestApiId'],
      async update(created, properties, _previous, context) {
        await make(properties, context);
        return created;
      },
    }),
    async delete({ physicalId }, properties, context) {
      await context.call('apigateway', remove, {
        restApiId: properties['RestApiId'],
        [removedBy]: physicalId,
      });
    },
  };
}

/** The throttling of all methods together; that of single ones, and what else a stage sets for methods, is not here. */
async function throttle(properties: JsonObject, context: ProviderContext): Promise<void> {
  const settings = listProperty(properties, 'MethodSettings').find(
    (one) => isJsonObject(one) && one['HttpMethod'] === '*' && one['ResourcePath'] === '/*',
  );
  if (!isJsonObject(settings)) return;
  const patchOperations = Object.entries({
    rateLimit: settings['ThrottlingRateLimit'],
    burstLimit: settings['ThrottlingBurstLimit'],
  }).flatMap(([name, value]) =>
    typeof value === 'number'
      ? [{ op: 'replace', path: `/*/*/throttling/${name}`, value: String(value) }]
      : [],
  );
  if (patchOperations.length === 0) return;
  await context.call('apigateway', 'UpdateStage', {
    restApiId: properties['RestApiId'],
    stageName: properties['StageName'],
    patchOperations,
  });
}

async function putMethod(properties: JsonObject, context: ProviderContext): Promise<string> {
  const { integration: _integration, methodResponses: _responses, ...method } = members(properties);
  const key = methodKey(properties);
  await context.call('apigateway', 'PutMethod', {
    ...method,
    authorizationType: textProperty(properties, 'AuthorizationType') ?? 'NONE',
  });
  for (const response of listProperty(properties, 'MethodResponses')) {
    await context.call('apigateway', 'PutMethodResponse', { ...key, ...members(response) });
  }
  const integration = objectProperty(properties, 'Integration');
  if (integration['Type'] !== undefined) {
    const { integrationResponses: _mapped, ...rest } = members(integration);
    await context.call('apigateway', 'PutIntegration', { ...rest, ...key });
  }
  for (const response of listProperty(integration, 'IntegrationResponses')) {
    await context.call('apigateway', 'PutIntegrationResponse', { ...key, ...members(response) });
  }
  return `${textProperty(properties, 'RestApiId')}|${textProperty(properties, 'ResourceId')}|${textProperty(properties, 'HttpMethod')}`;
}

function methodKey(properties: JsonObject): Record<string, unknown> {
  return {
    restApiId: properties['RestApiId'],
    resourceId: properties['ResourceId'],
    httpMethod: properties['HttpMethod'],
  };
}

async function made(
  context: ProviderContext,
  action: string,
  input: Record<string, unknown>,
  idMember = 'id',
): Promise<string> {
  return answered(await context.call('apigateway', action, input), idMember);
}

/** `PathPart` -> `pathPart`. A model's schema travels as text. */
function members(properties: Json | undefined): Record<string, unknown> {
  if (!isJsonObject(properties)) return {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      name === 'Schema' && typeof value !== 'string' ? JSON.stringify(value) : value,
    ]),
  );
}
