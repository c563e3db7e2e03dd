/** Where the control API of REST APIs answers. apigateway/latest/api/API_Operations.html */
import type { AwsContext } from '../../context.ts';
import { callService } from '../../dispatch.ts';
import { jsonInput } from '../../protocols/aws-json.ts';
import type { RestRoute } from '../../protocols/rest-json.ts';

const API = '/restapis/{restApiId}';
const METHOD = `${API}/resources/{resourceId}/methods/{httpMethod}`;

/** Method, path, action, and the status of success. */
const ROUTES: readonly (readonly [string, string, string, number])[] = [
  ['POST', '/restapis', 'CreateRestApi', 201],
  ['GET', '/restapis', 'GetRestApis', 200],
  ['GET', API, 'GetRestApi', 200],
  ['DELETE', API, 'DeleteRestApi', 202],
  ['POST', `${API}/resources/{parentId}`, 'CreateResource', 201],
  ['GET', `${API}/resources`, 'GetResources', 200],
  ['GET', `${API}/resources/{resourceId}`, 'GetResource', 200],
  ['DELETE', `${API}/resources/{resourceId}`, 'DeleteResource', 202],
  ['PUT', METHOD, 'PutMethod', 201],
  ['GET', METHOD, 'GetMethod', 200],
  ['DELETE', METHOD, 'DeleteMethod', 204],
  ['PUT', `${METHOD}/responses/{statusCode}`, 'PutMethodResponse', 201],
  ['PUT', `${METHOD}/integration`, 'PutIntegration', 201],
  ['GET', `${METHOD}/integration`, 'GetIntegration', 200],
  ['PUT', `${METHOD}/integration/responses/{statusCode}`, 'PutIntegrationResponse', 201],
  ['POST', `${API}/models`, 'CreateModel', 201],
  ['POST', `${API}/requestvalidators`, 'CreateRequestValidator', 201],
  ['POST', `${API}/authorizers`, 'CreateAuthorizer', 201],
  ['PUT', `${API}/gatewayresponses/{responseType}`, 'PutGatewayResponse', 201],
  ['POST', `${API}/deployments`, 'CreateDeployment', 201],
  ['POST', `${API}/stages`, 'CreateStage', 201],
  ['GET', `${API}/stages`, 'GetStages', 200],
  ['PATCH', `${API}/stages/{stageName}`, 'UpdateStage', 200],
  ['PATCH', API, 'UpdateRestApi', 200],
  ['DELETE', `${API}/authorizers/{authorizerId}`, 'DeleteAuthorizer', 202],
  ['DELETE', `${API}/deployments/{deploymentId}`, 'DeleteDeployment', 202],
  ['DELETE', `${API}/gatewayresponses/{responseType}`, 'DeleteGatewayResponse', 202],
  ['DELETE', `${API}/models/{modelName}`, 'DeleteModel', 202],
  ['DELETE', `${API}/requestvalidators/{requestValidatorId}`, 'DeleteRequestValidator', 202],
  ['DELETE', `${API}/stages/{stageName}`, 'DeleteStage', 202],
];

export function controlRoutes(context: AwsContext): readonly RestRoute[] {
  return ROUTES.map(([method, path, action, status]) => ({
    method,
    path,
    async handle({ parameters, body, caller, signal }) {
      const members = body.length === 0 ? {} : jsonInput(body);
      // On the wire a method's own verb is called differently in the two places.
      const { httpMethod, ...rest } = members;
      const input = {
        ...rest,
        ...(action === 'PutIntegration' && httpMethod !== undefined && { integrationHttpMethod: httpMethod }),
        ...parameters,
      };
      const service = context.services.get('apigateway');
      const output = await callService(context, service, action, input, caller, signal);
      return { status, ...(output !== undefined && { body: output as object }) };
    },
  }));
}
