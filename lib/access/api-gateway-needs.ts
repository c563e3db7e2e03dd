/** What API Gateway needs: to invoke the functions of routes, methods and authorizers, and to write its logs. */
import { formatArn } from '../assembly/index.ts';
import type { Messaging } from '../assembly/index.ts';
import { object, text } from '../assembly/property.ts';
import type { Actor } from './actor.ts';
import type { Need } from './needs.ts';
import type { Permission } from './permission.ts';

export function ofApiGateway(messaging: Messaging): Need[] {
  return [...ofHttpRoutes(messaging), ...ofRestMethods(messaging), ...ofApiGatewayLogs(messaging)];
}

/** API Gateway invokes the function of an integration, and an API's authorizer. */
function ofHttpRoutes(messaging: Messaging): Need[] {
  const { assembly } = messaging;
  const integrations = new Map(
    assembly.ofType('AWS::ApiGatewayV2::Integration').map((one) => [one.ref, one]),
  );
  const routes = assembly.ofType('AWS::ApiGatewayV2::Route').flatMap((route) => {
    const [api, key, target] = ['ApiId', 'RouteKey', 'Target'].map(
      (name) => text(route.properties[name]) ?? '',
    );
    const integration = integrations.get(target?.split('/')[1] ?? '');
    const fn = messaging.function(functionArnIn(text(integration?.properties['IntegrationUri'])));
    if (fn === undefined) return [];
    const [method = '', path = ''] = key?.split(' ') ?? [];
    return [{ fn, route, sourceArn: formatArn('execute-api', route, `${api}/stage/${method}${path}`) }];
  });
  const authorizers = assembly
    .ofType('AWS::ApiGatewayV2::Authorizer', 'AWS::ApiGateway::Authorizer')
    .flatMap((route) => {
      const fn = messaging.function(functionArnIn(text(route.properties['AuthorizerUri'])));
      if (fn === undefined) return [];
      const { ApiId: id, RestApiId: restId } = route.properties;
      const api = text(id ?? restId) ?? '';
      return [{ fn, route, sourceArn: formatArn('execute-api', route, `${api}/authorizers/${route.ref}`) }];
    });
  return [...routes, ...authorizers].map(({ fn, route, sourceArn }) => ({
    permission: {
      actor: { kind: 'service', service: 'apigateway.amazonaws.com', sourceArn },
      action: 'lambda:InvokeFunction',
      resourceArn: fn.arn,
    },
    because: `route ${route.constructPath}`,
  }));
}

/** The same of a REST API, whose console tests a method under a stage of its own. */
function ofRestMethods(messaging: Messaging): Need[] {
  const { assembly } = messaging;
  const resources = new Map(assembly.ofType('AWS::ApiGateway::Resource').map((one) => [one.ref, one]));
  const pathOf = (id: string | undefined): string => {
    const resource = resources.get(id ?? '');
    if (resource === undefined) return '';
    return `${pathOf(text(resource.properties['ParentId']))}/${text(resource.properties['PathPart']) ?? ''}`;
  };
  return assembly.ofType('AWS::ApiGateway::Method').flatMap((method) => {
    const { RestApiId: api, ResourceId: id, HttpMethod: verb, Integration: integration } = method.properties;
    const fn = messaging.function(functionArnIn(text(object(integration)?.['Uri'])));
    if (fn === undefined) return [];
    const stages = assembly
      .ofType('AWS::ApiGateway::Stage')
      .filter(({ properties }) => properties['RestApiId'] === api)
      .map(({ name }) => name);
    return [...(stages.length === 0 ? ['stage'] : stages), 'test-invoke-stage'].map((stage) => ({
      permission: {
        actor: {
          kind: 'service',
          service: 'apigateway.amazonaws.com',
          sourceArn: formatArn(
            'execute-api',
            method,
            `${text(api) ?? ''}/${stage}/${text(verb) ?? ''}${pathOf(text(id)) || '/'}`,
          ),
        },
        action: 'lambda:InvokeFunction',
        resourceArn: fn.arn,
      },
      because: `method ${method.constructPath}`,
    }));
  });
}

/** The function in `arn:aws:apigateway:REGION:lambda:path/.../functions/ARN/invocations`; or the ARN itself. */
function functionArnIn(uri = ''): string {
  return /arn:[\w-]+:lambda:[\w-]+:\d{12}:function:[^/]+/.exec(uri)?.[0] ?? uri;
}

/** Those of AmazonAPIGatewayPushToCloudWatchLogs: API Gateway refuses a role that has fewer. */
const API_LOG_ACTIONS = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:DescribeLogGroups',
  'logs:DescribeLogStreams',
  'logs:FilterLogEvents',
  'logs:GetLogEvents',
  'logs:PutLogEvents',
];

/** API Gateway writes the logs of REST and WebSocket APIs in the role of its account settings. */
function ofApiGatewayLogs(messaging: Messaging): Need[] {
  return messaging.assembly.ofType('AWS::ApiGateway::Account').flatMap((account) => {
    const role = messaging.role(account.properties['CloudWatchRoleArn']);
    if (role === undefined) return [];
    const service: Actor = {
      kind: 'service',
      service: 'apigateway.amazonaws.com',
      sourceArn: formatArn('apigateway', account, '/account'),
    };
    const permissions: readonly Permission[] = [
      { actor: service, action: 'sts:AssumeRole', resourceArn: role.arn },
      ...API_LOG_ACTIONS.map((action): Permission => ({
        actor: { kind: 'role', role },
        action,
        resourceArn: '*',
      })),
    ];
    return permissions.map((permission) => ({
      permission,
      because: `logs of APIs, ${account.constructPath}`,
    }));
  });
}
