/** A changed template changes a REST API in place; what a template loses goes, and the API with it at the end. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { deployAssembly } from '../../../local/assembly/index.ts';
import { awsUnderTest, writeAssembly, type AwsUnderTest } from './assembly-under-test.ts';

let under: AwsUnderTest;
beforeEach(async () => {
  under = await awsUnderTest();
});
afterEach(() => under.close());

interface Shape {
  readonly answer: string;
  readonly name?: string;
  readonly withItems?: boolean;
}

function template({ answer, name = 'shop', withItems = true }: Shape): object {
  const method = (ResourceId: object, greeting: string) => ({
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      RestApiId: { Ref: 'Api' },
      ResourceId,
      HttpMethod: 'GET',
      AuthorizationType: 'NONE',
      Integration: {
        Type: 'MOCK',
        RequestTemplates: { 'application/json': '{"statusCode": 200}' },
        IntegrationResponses: [
          {
            StatusCode: '200',
            ResponseTemplates: { 'application/json': `"${greeting} $stageVariables.color"` },
          },
        ],
      },
    },
  });
  return {
    Resources: {
      Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: name } },
      Root: method({ 'Fn::GetAtt': ['Api', 'RootResourceId'] }, answer),
      ...(withItems && {
        Items: {
          Type: 'AWS::ApiGateway::Resource',
          Properties: {
            RestApiId: { Ref: 'Api' },
            ParentId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
            PathPart: 'items',
          },
        },
        ItemsGet: method({ Ref: 'Items' }, 'items'),
      }),
      [`Deployment${answer}`]: {
        Type: 'AWS::ApiGateway::Deployment',
        Properties: { RestApiId: { Ref: 'Api' } },
        DependsOn: ['Root', ...(withItems ? ['ItemsGet'] : [])],
      },
      Stage: {
        Type: 'AWS::ApiGateway::Stage',
        Properties: {
          RestApiId: { Ref: 'Api' },
          DeploymentId: { Ref: `Deployment${answer}` },
          StageName: 'prod',
          Variables: { color: answer },
        },
      },
    },
  };
}

async function deploy(shape: Shape): Promise<string> {
  const assemblyDirectory = await writeAssembly({ Shop: { template: template(shape) } });
  under.directories.push(assemblyDirectory);
  const deployed = await deployAssembly({ assemblyDirectory, aws: under.aws.context });
  expect(deployed.notRun).toEqual([]);
  const [api] = deployed.find('AWS::ApiGateway::RestApi');
  return api?.physicalId ?? '';
}

const get = async (apiId: string, path: string) => {
  const response = await fetch(`${under.aws.services.apigateway.urlOf(apiId)}/prod${path}`);
  return [response.status, await response.json()];
};

test('a changed method and stage are changed in place; a lost resource is gone', async () => {
  const apiId = await deploy({ answer: 'red' });
  expect(await get(apiId, '/')).toEqual([200, 'red red']);
  expect(await get(apiId, '/items')).toEqual([200, 'items red']);

  expect(await deploy({ answer: 'blue', name: 'shop 2', withItems: false })).toBe(apiId);

  expect(await get(apiId, '/')).toEqual([200, 'blue blue']);
  expect(await get(apiId, '/items')).toEqual([403, { message: 'Missing Authentication Token' }]);
});
