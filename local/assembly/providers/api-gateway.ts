/** AWS::ApiGatewayV2::*: HTTP APIs with Lambda proxy integrations, and WebSocket APIs. */
import { answered, CannotRun, defined, listProperty, objectProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';

export const API_GATEWAY_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::ApiGatewayV2::Api': {
    honoured: ['CorsConfiguration', 'Name', 'ProtocolType', 'RouteSelectionExpression'],
    inert: ['Description', 'DisableExecuteApiEndpoint', 'IpAddressType', 'Tags', 'Version'],
    async create(properties, context) {
      const protocol = textProperty(properties, 'ProtocolType') ?? 'HTTP';
      const name = textProperty(properties, 'Name') ?? context.logicalId;
      const answer = await context.call(
        'apigateway',
        'CreateApi',
        defined({
          Name: name,
          ProtocolType: protocol,
          CorsConfiguration: properties['CorsConfiguration'],
          RouteSelectionExpression: properties['RouteSelectionExpression'],
        }),
      );
      const apiId = answered(answer, 'ApiId');
      const url = answered(answer, 'ApiEndpoint');
      context.records.apis.push({ name, apiId, url });
      return { physicalId: apiId, attributes: { ApiId: apiId, ApiEndpoint: url } };
    },
    replacedOnChange: ['ProtocolType'],
    update: updatedBy('UpdateApi', 'ApiId'),
    async delete(created, _properties, context) {
      await context.call('apigateway', 'DeleteApi', { ApiId: created.physicalId });
      const { apis } = context.records;
      const index = apis.findIndex(({ apiId }) => apiId === created.physicalId);
      if (index >= 0) apis.splice(index, 1);
    },
  },
  'AWS::ApiGatewayV2::Integration': {
    honoured: [
      'ApiId',
      'CredentialsArn',
      'IntegrationSubtype',
      'IntegrationType',
      'IntegrationUri',
      'PayloadFormatVersion',
      'TimeoutInMillis',
    ],
    inert: ['ConnectionType', 'Description', 'IntegrationMethod'],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const type = textProperty(properties, 'IntegrationType');
      const subtype = textProperty(properties, 'IntegrationSubtype');
      if ((type !== 'AWS_PROXY' && type !== 'MOCK') || subtype !== undefined)
        throw new CannotRun(`the integration ${subtype ?? type} does not run here yet`);
      const id = answered(await context.call('apigateway', 'CreateIntegration', properties), 'IntegrationId');
      return { physicalId: id, attributes: { IntegrationId: id } };
    },
    // The kind of an integration is checked when it is made.
    replacedOnChange: ['ApiId', 'IntegrationSubtype', 'IntegrationType'],
    update: updatedBy('UpdateIntegration', 'IntegrationId'),
    delete: deletedBy('DeleteIntegration', 'IntegrationId'),
  },
  'AWS::ApiGatewayV2::Route': {
    honoured: [
      'ApiId',
      'AuthorizationScopes',
      'AuthorizationType',
      'AuthorizerId',
      'RouteKey',
      'RouteResponseSelectionExpression',
      'Target',
    ],
    inert: ['ApiKeyRequired', 'OperationName'],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const authorization = textProperty(properties, 'AuthorizationType') ?? 'NONE';
      // An open route in place of a protected one would be worse than none.
      if (!['NONE', 'CUSTOM', 'AWS_IAM'].includes(authorization)) {
        throw new CannotRun(`routes with ${authorization} authorization do not run here yet`);
      }
      const id = answered(await context.call('apigateway', 'CreateRoute', properties), 'RouteId');
      return { physicalId: id, attributes: { RouteId: id } };
    },
    replacedOnChange: ['ApiId', 'AuthorizationType', 'RouteKey'],
    update: updatedBy('UpdateRoute', 'RouteId'),
    delete: deletedBy('DeleteRoute', 'RouteId'),
  },
  'AWS::ApiGatewayV2::RouteResponse': {
    honoured: ['ApiId', 'RouteId', 'RouteResponseKey'],
    inert: ['ModelSelectionExpression', 'ResponseModels', 'ResponseParameters'],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const id = answered(
        await context.call('apigateway', 'CreateRouteResponse', properties),
        'RouteResponseId',
      );
      return { physicalId: id, attributes: { RouteResponseId: id } };
    },
    /** It goes with its route. */
    delete: async () => {},
  },
  'AWS::ApiGatewayV2::Deployment': {
    honoured: ['ApiId'],
    inert: ['Description', 'StageName'],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const id = answered(await context.call('apigateway', 'CreateDeployment', properties), 'DeploymentId');
      return { physicalId: id, attributes: { DeploymentId: id } };
    },
    delete: deletedBy('DeleteDeployment', 'DeploymentId'),
  },
  'AWS::ApiGatewayV2::Stage': {
    // DefaultRouteSettings: the throttling of WebSocket APIs; HTTP APIs let everything pass.
    honoured: ['ApiId', 'DefaultRouteSettings', 'StageName', 'StageVariables'],
    inert: ['AccessLogSettings', 'AutoDeploy', 'DeploymentId', 'Description', 'RouteSettings', 'Tags'],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const name = textProperty(properties, 'StageName') ?? '$default';
      await context.call('apigateway', 'CreateStage', {
        ApiId: properties['ApiId'],
        StageName: name,
        StageVariables: objectProperty(properties, 'StageVariables'),
        DefaultRouteSettings: properties['DefaultRouteSettings'],
      });
      return { physicalId: name, attributes: {} };
    },
    replacedOnChange: ['ApiId', 'StageName'],
    update: updatedBy('UpdateStage', 'StageName'),
    delete: deletedBy('DeleteStage', 'StageName'),
  },
  'AWS::ApiGatewayV2::Authorizer': {
    honoured: [
      'ApiId',
      'AuthorizerResultTtlInSeconds',
      'AuthorizerType',
      'AuthorizerUri',
      'EnableSimpleResponses',
      'IdentitySource',
      'Name',
    ],
    inert: ['AuthorizerCredentialsArn', 'AuthorizerPayloadFormatVersion'],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const type = textProperty(properties, 'AuthorizerType') ?? '';
      if (type !== 'REQUEST') throw new CannotRun(`${type} authorizers do not run here yet`);
      const answer = await context.call('apigateway', 'CreateAuthorizer', {
        ...properties,
        IdentitySource: listProperty(properties, 'IdentitySource'),
      });
      const id = answered(answer, 'AuthorizerId');
      return { physicalId: id, attributes: { AuthorizerId: id } };
    },
    replacedOnChange: ['ApiId', 'AuthorizerType'],
    update: updatedBy('UpdateAuthorizer', 'AuthorizerId'),
    delete: deletedBy('DeleteAuthorizer', 'AuthorizerId'),
  },
};

/** The action takes the properties and the id of what is there. */
function updatedBy(action: string, idMember: string): NonNullable<Provider['update']> {
  return async (created, properties, _previous, context) => {
    await context.call('apigateway', action, { ...properties, [idMember]: created.physicalId });
    return created;
  };
}

function deletedBy(action: string, idMember: string): NonNullable<Provider['delete']> {
  return async (created, properties, context) => {
    const input = { ApiId: properties['ApiId'], [idMember]: created.physicalId };
    await context.call('apigateway', action, input);
  };
}

/** What belongs to an API that does not run is left out with it. */
function refuseMissingApi(properties: JsonObject, context: ProviderContext): void {
  const apiId = textProperty(properties, 'ApiId');
  if (!context.records.apis.some((api) => api.apiId === apiId))
    throw new CannotRun('its API does not run here');
}
