/** The control API of REST APIs: makes the parts of an API and keeps them. Input and output are the API's JSON. */
import type { AwsContext } from '../../context.ts';
import { AwsError } from '../../errors.ts';
import { functionArnOf } from '../function-call.ts';
import { shortId } from '../short-id.ts';
import {
  badRequest,
  flag,
  flagMap,
  map,
  notFound,
  optionalText,
  requiredText,
  textList,
  type ControlInput,
} from './control-input.ts';
import type { Integration, IntegrationType, Method, Resource, RestApi } from './model.ts';

/** Milliseconds. apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
const DEFAULT_INTEGRATION_TIMEOUT = 29_000;
const SHORTEST_INTEGRATION_TIMEOUT = 50;
const LONGEST_INTEGRATION_TIMEOUT = 300_000;
/** Seconds. CreateAuthorizer */
const DEFAULT_AUTHORIZER_TTL = 300;
const LONGEST_AUTHORIZER_TTL = 3600;
const INTEGRATION_TYPES: readonly string[] = ['AWS', 'AWS_PROXY', 'HTTP', 'HTTP_PROXY', 'MOCK'];

interface PatchOperation {
  readonly op?: string;
  readonly path?: string;
  readonly value?: string;
}

/** What UpdateRestApi can replace. */
const CHANGEABLE = { '/name': 'name', '/description': 'description', '/policy': 'policy' } as const;

/** Of an account, requests a second and at once. api-gateway-limits.html */
const ACCOUNT_RATE_LIMIT = 10_000;
const ACCOUNT_BURST_LIMIT = 5_000;

type Parts = 'authorizers' | 'deployments' | 'gatewayResponses' | 'models' | 'requestValidators' | 'stages';

export interface RestApis {
  readonly actions: Readonly<Record<string, (input: ControlInput) => unknown>>;
  find(apiId: string): RestApi | undefined;
  all(): readonly RestApi[];
}

export function createRestApis(context: AwsContext): RestApis {
  const kept = context.state.collection<RestApi>('apigateway.rest-apis');
  const apis = new Map<string, RestApi>(kept.entries());

  const apiOf = (input: ControlInput): RestApi => {
    const api = apis.get(requiredText(input, 'restApiId'));
    if (!api) throw notFound('API');
    return api;
  };
  const resourceOf = (api: RestApi, input: ControlInput, member = 'resourceId'): Resource => {
    const resource = api.resources[requiredText(input, member)];
    if (!resource) throw notFound('Resource');
    return resource;
  };
  const methodOf = (input: ControlInput): { readonly api: RestApi; readonly method: Method } => {
    const api = apiOf(input);
    const method = resourceOf(api, input).methods[requiredText(input, 'httpMethod')];
    if (!method) throw notFound('Method');
    return { api, method };
  };
  const integrationOf = (
    input: ControlInput,
  ): { readonly api: RestApi; readonly integration: Integration } => {
    const { api, method } = methodOf(input);
    if (!method.integration) throw notFound('Integration');
    return { api, integration: method.integration };
  };
  /** Keeps the API after a change, and answers. */
  const changed = <Output>(api: RestApi, output: Output): Output => {
    kept.put(api.id, api);
    return output;
  };

  /** Removes a part of an API; one that is not there is no error. */
  const removal =
    (parts: Parts, idMember: string) =>
    (input: ControlInput): void => {
      const api = apiOf(input);
      delete api[parts][requiredText(input, idMember)];
      changed(api, undefined);
    };

  const actions: RestApis['actions'] = {
    CreateRestApi(input) {
      const name = requiredText(input, 'name');
      const id = shortId(`rest/${name}/${apis.size}/${context.clock.now()}`);
      const root: Resource = {
        id: shortId(`${id}/`),
        parentId: undefined,
        pathPart: '',
        path: '/',
        methods: {},
      };
      const api: RestApi = {
        id,
        name,
        description: optionalText(input, 'description'),
        binaryMediaTypes: textList(input, 'binaryMediaTypes'),
        policy: optionalText(input, 'policy'),
        rootResourceId: root.id,
        createdAt: context.clock.now(),
        resources: { [root.id]: root },
        models: {},
        requestValidators: {},
        authorizers: {},
        gatewayResponses: {},
        deployments: {},
        stages: {},
      };
      apis.set(id, api);
      return changed(api, shownApi(api));
    },
    UpdateRestApi(input) {
      const api = apiOf(input);
      for (const { op, path, value } of (input['patchOperations'] ?? []) as readonly PatchOperation[]) {
        if (op !== 'replace' || path === undefined || !(path in CHANGEABLE)) {
          throw badRequest(
            `Invalid patch operation ${op} ${path}; here: replace of ${Object.keys(CHANGEABLE).join(', ')}`,
          );
        }
        api[CHANGEABLE[path as keyof typeof CHANGEABLE]] = value ?? '';
      }
      return changed(api, shownApi(api));
    },
    GetRestApi: (input) => shownApi(apiOf(input)),
    GetRestApis: () => ({ item: [...apis.values()].map(shownApi) }),
    DeleteRestApi(input) {
      const { id } = apiOf(input);
      apis.delete(id);
      kept.delete(id);
    },

    CreateResource(input) {
      const api = apiOf(input);
      const parent = resourceOf(api, input, 'parentId');
      const pathPart = requiredText(input, 'pathPart');
      if (!/^(?:[\w.:~@%-]+|\{[\w.-]+\+?\})$/.test(pathPart)) {
        throw badRequest(
          "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.",
        );
      }
      const path = `${parent.path === '/' ? '' : parent.path}/${pathPart}`;
      if (Object.values(api.resources).some((each) => each.path === path)) {
        throw new AwsError(
          'ConflictException',
          `Another resource with the same parent already has this name: ${pathPart}`,
          409,
        );
      }
      const resource = { id: shortId(`${api.id}${path}`), parentId: parent.id, pathPart, path, methods: {} };
      api.resources[resource.id] = resource;
      return changed(api, shownResource(resource));
    },
    GetResource: (input) => shownResource(resourceOf(apiOf(input), input)),
    GetResources: (input) => ({ item: Object.values(apiOf(input).resources).map(shownResource) }),
    DeleteResource(input) {
      const api = apiOf(input);
      const { id, path } = resourceOf(api, input);
      if (id === api.rootResourceId) throw badRequest('Root resource cannot be deleted');
      for (const each of Object.values(api.resources)) {
        if (each.id === id || each.path.startsWith(`${path}/`)) delete api.resources[each.id];
      }
      changed(api, undefined);
    },

    PutMethod(input) {
      const api = apiOf(input);
      const resource = resourceOf(api, input);
      const httpMethod = requiredText(input, 'httpMethod');
      const authorizationType = requiredText(input, 'authorizationType');
      if (!['NONE', 'AWS_IAM', 'CUSTOM'].includes(authorizationType)) {
        throw badRequest(
          `Methods with ${authorizationType} authorization do not run in the embedded API Gateway`,
        );
      }
      if (flag(input, 'apiKeyRequired')) {
        throw badRequest('Methods that need an API key do not run in the embedded API Gateway');
      }
      const authorizerId = optionalText(input, 'authorizerId');
      if (authorizationType === 'CUSTOM' && (authorizerId === undefined || !api.authorizers[authorizerId])) {
        throw badRequest(
          'Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.',
        );
      }
      const method: Method = {
        httpMethod,
        authorizationType,
        authorizerId,
        apiKeyRequired: false,
        requestValidatorId: optionalText(input, 'requestValidatorId'),
        requestParameters: flagMap(input, 'requestParameters'),
        requestModels: map(input, 'requestModels'),
        responses: {},
        integration: undefined,
      };
      resource.methods[httpMethod] = method;
      return changed(api, shownMethod(method));
    },
    GetMethod: (input) => shownMethod(methodOf(input).method),
    DeleteMethod(input) {
      const { api, method } = methodOf(input);
      delete resourceOf(api, input).methods[method.httpMethod];
      changed(api, undefined);
    },
    PutMethodResponse(input) {
      const { api, method } = methodOf(input);
      const statusCode = requiredText(input, 'statusCode');
      const response = { statusCode, responseParameters: flagMap(input, 'responseParameters') };
      method.responses[statusCode] = response;
      return changed(api, response);
    },
    PutIntegration(input) {
      const { api, method } = methodOf(input);
      const integration = readIntegration(input);
      method.integration = integration;
      return changed(api, shownIntegration(integration));
    },
    GetIntegration: (input) => shownIntegration(integrationOf(input).integration),
    PutIntegrationResponse(input) {
      const { api, integration } = integrationOf(input);
      const statusCode = requiredText(input, 'statusCode');
      const response = {
        statusCode,
        selectionPattern: optionalText(input, 'selectionPattern'),
        responseParameters: map<string>(input, 'responseParameters'),
        responseTemplates: map<string>(input, 'responseTemplates'),
      };
      integration.responses[statusCode] = response;
      return changed(api, response);
    },

    CreateModel(input) {
      const api = apiOf(input);
      const name = requiredText(input, 'name');
      const schema = optionalText(input, 'schema') ?? '{}';
      try {
        JSON.parse(schema);
      } catch {
        throw badRequest('Invalid model schema specified. The schema is not a valid JSON document.');
      }
      const model = { name, contentType: optionalText(input, 'contentType') ?? 'application/json', schema };
      api.models[name] = model;
      return changed(api, { id: shortId(`${api.id}/model/${name}`), ...model });
    },
    CreateRequestValidator(input) {
      const api = apiOf(input);
      const id = shortId(`${api.id}/validator/${Object.keys(api.requestValidators).length}`);
      const validator = {
        id,
        name: optionalText(input, 'name') ?? id,
        validateRequestBody: flag(input, 'validateRequestBody'),
        validateRequestParameters: flag(input, 'validateRequestParameters'),
      };
      api.requestValidators[id] = validator;
      return changed(api, validator);
    },
    CreateAuthorizer(input) {
      const api = apiOf(input);
      const type = requiredText(input, 'type');
      if (type !== 'TOKEN' && type !== 'REQUEST') {
        throw badRequest(
          `${type} authorizers do not run in the embedded API Gateway, only TOKEN and REQUEST`,
        );
      }
      const resultTtlSeconds = Number(input['authorizerResultTtlInSeconds'] ?? DEFAULT_AUTHORIZER_TTL);
      if (resultTtlSeconds < 0 || resultTtlSeconds > LONGEST_AUTHORIZER_TTL) {
        throw badRequest(`Authorizer result TTL must be 0 to ${LONGEST_AUTHORIZER_TTL} seconds`);
      }
      const identitySource = optionalText(input, 'identitySource') ?? '';
      if (identitySource === '' && (type === 'TOKEN' || resultTtlSeconds > 0)) {
        throw badRequest(
          'Identity source is required for TOKEN authorizers, and for REQUEST authorizers whose results are cached',
        );
      }
      const id = shortId(`${api.id}/authorizer/${Object.keys(api.authorizers).length}`);
      api.authorizers[id] = {
        id,
        name: requiredText(input, 'name'),
        type,
        functionArn: functionArnOf(requiredText(input, 'authorizerUri')),
        identitySource,
        identityValidationExpression: optionalText(input, 'identityValidationExpression'),
        resultTtlSeconds,
      };
      return changed(api, { ...input, id });
    },
    PutGatewayResponse(input) {
      const api = apiOf(input);
      const responseType = requiredText(input, 'responseType');
      const response = {
        responseType,
        statusCode: optionalText(input, 'statusCode'),
        responseParameters: map<string>(input, 'responseParameters'),
        responseTemplates: map<string>(input, 'responseTemplates'),
      };
      api.gatewayResponses[responseType] = response;
      return changed(api, response);
    },
    CreateDeployment(input) {
      const api = apiOf(input);
      if (!Object.values(api.resources).some(({ methods }) => Object.keys(methods).length > 0)) {
        throw badRequest("The REST API doesn't contain any methods");
      }
      const id = shortId(`${api.id}/deployment/${Object.keys(api.deployments).length}`);
      api.deployments[id] = { id, createdAt: context.clock.now() };
      const stageName = optionalText(input, 'stageName');
      if (stageName !== undefined)
        api.stages[stageName] = { stageName, deploymentId: id, variables: map(input, 'variables') };
      return changed(api, { id, createdDate: context.clock.now() / 1000 });
    },
    CreateStage(input) {
      const api = apiOf(input);
      const stageName = requiredText(input, 'stageName');
      const deploymentId = requiredText(input, 'deploymentId');
      if (!api.deployments[deploymentId]) throw notFound('Deployment');
      const stage = { stageName, deploymentId, variables: map<string>(input, 'variables') };
      api.stages[stageName] = stage;
      return changed(api, stage);
    },
    /** Of its patch operations those of the throttling of all methods; another deployment is told by CreateStage. */
    UpdateStage(input) {
      const api = apiOf(input);
      const stage = api.stages[requiredText(input, 'stageName')];
      if (!stage) throw notFound('Stage');
      const operations = (input['patchOperations'] ?? []) as readonly PatchOperation[];
      const values = new Map(operations.map(({ path, value }) => [path, Number(value)]));
      const { rateLimit, burstLimit } = stage.throttling ?? {};
      stage.throttling = {
        rateLimit: values.get('/*/*/throttling/rateLimit') ?? rateLimit ?? ACCOUNT_RATE_LIMIT,
        burstLimit: values.get('/*/*/throttling/burstLimit') ?? burstLimit ?? ACCOUNT_BURST_LIMIT,
      };
      return changed(api, stage);
    },
    GetStages: (input) => ({ item: Object.values(apiOf(input).stages) }),
    DeleteAuthorizer: removal('authorizers', 'authorizerId'),
    DeleteDeployment: removal('deployments', 'deploymentId'),
    DeleteGatewayResponse: removal('gatewayResponses', 'responseType'),
    DeleteModel: removal('models', 'modelName'),
    DeleteRequestValidator: removal('requestValidators', 'requestValidatorId'),
    DeleteStage: removal('stages', 'stageName'),
  };

  return { actions, find: (apiId) => apis.get(apiId), all: () => [...apis.values()] };
}

function readIntegration(input: ControlInput): Integration {
  const type = requiredText(input, 'type');
  if (!INTEGRATION_TYPES.includes(type)) throw badRequest(`Invalid integration type ${type}`);
  const uri = optionalText(input, 'uri');
  if (uri === undefined && type !== 'MOCK') throw badRequest('Integrations of this type need a uri');
  const passthroughBehavior = (optionalText(input, 'passthroughBehavior') ?? 'WHEN_NO_MATCH').toUpperCase();
  if (!['WHEN_NO_MATCH', 'WHEN_NO_TEMPLATES', 'NEVER'].includes(passthroughBehavior)) {
    throw badRequest('Passthrough behavior must be one of WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER');
  }
  const timeoutInMillis = Number(input['timeoutInMillis'] ?? DEFAULT_INTEGRATION_TIMEOUT);
  if (!(timeoutInMillis >= SHORTEST_INTEGRATION_TIMEOUT && timeoutInMillis <= LONGEST_INTEGRATION_TIMEOUT)) {
    throw badRequest(
      `Timeout should be between ${SHORTEST_INTEGRATION_TIMEOUT} ms and ${LONGEST_INTEGRATION_TIMEOUT} ms`,
    );
  }
  return {
    type: type as IntegrationType,
    uri,
    httpMethod: optionalText(input, 'integrationHttpMethod'),
    credentials: optionalText(input, 'credentials'),
    requestParameters: map(input, 'requestParameters'),
    requestTemplates: map(input, 'requestTemplates'),
    passthroughBehavior: passthroughBehavior as Integration['passthroughBehavior'],
    timeoutInMillis,
    responses: {},
  };
}

function shownApi(api: RestApi) {
  const { id, name, description, binaryMediaTypes, rootResourceId, createdAt } = api;
  return { id, name, description, binaryMediaTypes, rootResourceId, createdDate: createdAt / 1000 };
}

function shownResource({ id, parentId, pathPart, path, methods }: Resource) {
  return {
    id,
    path,
    ...(parentId !== undefined && { parentId, pathPart }),
    resourceMethods: Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [name, shownMethod(method)]),
    ),
  };
}

function shownMethod({ integration, responses, ...method }: Method) {
  return {
    ...method,
    methodResponses: responses,
    ...(integration && { methodIntegration: shownIntegration(integration) }),
  };
}

function shownIntegration({ responses, ...integration }: Integration) {
  return { ...integration, integrationResponses: responses };
}
