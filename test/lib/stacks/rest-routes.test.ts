/** Routes of a REST API without an authorizer, and for pages of other origins. */
import { Match, Template } from 'aws-cdk-lib/assertions';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { describe, expect, test } from '@jest/globals';
import { EventFunction } from '../../../lib/constructs/index.ts';
import { SystemRestApi } from '../../../lib/stacks/rest-api.ts';
import { testStack } from '../constructs/support.ts';

function templateOf(corsOrigins: readonly string[]): Template {
  const stack = testStack();
  const fn = (id: string) =>
    new EventFunction(stack, id, {
      entry: 'lambda/handlers/generation/tickets.ts',
      logRetention: RetentionDays.ONE_WEEK,
    });
  new SystemRestApi(stack, 'Rest', {
    restApiName: 'test',
    description: 'test',
    authorizer: fn('Authorizer'),
    functions: [
      { target: fn('Things'), routes: ['GET /things', 'POST /things'] },
      { target: fn('Hook'), routes: ['POST /hook'], openBecause: 'It signs' },
    ],
    throttlingRateLimit: 1,
    throttlingBurstLimit: 1,
    logRetention: RetentionDays.ONE_WEEK,
    corsOrigins,
  });
  return Template.fromStack(stack);
}

const ORIGINS = ['https://a.example.com', 'https://b.example.com'];
const methodsOf = (template: Template) =>
  Object.values(template.findResources('AWS::ApiGateway::Method')).map(({ Properties }) => {
    const { HttpMethod, AuthorizationType } = Properties as Record<string, string>;
    return `${HttpMethod} ${AuthorizationType}`;
  });

describe('a REST API with functions', () => {
  test('has an authorizer on every route that is not open', () => {
    expect(methodsOf(templateOf([])).toSorted()).toEqual(['GET CUSTOM', 'POST CUSTOM', 'POST NONE']);
  });

  test('answers preflights of the pages that are named, and lets them read answers and refusals', () => {
    const template = templateOf(ORIGINS);

    expect(methodsOf(template).filter((method) => method.startsWith('OPTIONS'))).toEqual(['OPTIONS NONE']);
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ API_PAGE_ORIGINS: ORIGINS.join(' ') }) },
    });
    template.allResourcesProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseParameters: Match.objectLike({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
      }),
    });
  });
});
