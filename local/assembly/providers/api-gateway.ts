/** AWS::ApiGatewayV2::*: HTTP APIs with Lambda proxy integrations, and WebSocket APIs. */
import { answered, CannotRun, defined, listProperty, objectProperty, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { JsonObject } from '../template.ts';

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
  },
  'AWS::ApiGatewayV2::Deployment': {
    honoured: ['ApiId'],
    inert: ['Description', 'StageName'],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const id = answered(await context.call('apigateway', 'CreateDeployment', properties), 'DeploymentId');
      return { physicalId: id, attributes: { DeploymentId: id } };
    },
  },
  'AWS::ApiGatewayV2::Stage': {
    honoured: ['ApiId', 'StageName', 'StageVariables'],
    inert: [
      'AccessLogSettings',
      'AutoDeploy',
      'DefaultRouteSettings',
      'DeploymentId',
      'Description',
      'RouteSettings',
      'Tags',
    ],
    async create(properties, context) {
      refuseMissingApi(properties, context);
      const name = textProperty(properties, 'StageName') ?? '$default';
      await context.call('apigateway', 'CreateStage', {
        ApiId: properties['ApiId'],
        StageName: name,
        StageVariables: objectProperty(properties, 'StageVariables'),
      });
      return { physicalId: name, attributes: {} };
    },
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
  },
};

/** What belongs to an API that does not run is left out with it. */
function refuseMissingApi(properties: JsonObject, context: ProviderContext): void {
  const apiId = textProperty(properties, 'ApiId');
  if (!context.records.apis.some((api) => api.apiId === apiId))
    throw new CannotRun('its API does not run here');
}
