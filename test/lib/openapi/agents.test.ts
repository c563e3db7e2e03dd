import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { onlySystems } from '../../../lib/config/index.ts';
import { agentsOpenApi } from '../../../lib/openapi/agents.ts';
import { synthesize } from '../stacks/synthesize.ts';

const template = synthesize('prod', { systems: onlySystems(['agents']) }).templates['Agents'] ?? {};
const document = agentsOpenApi(template) as unknown as {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, object>> }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

test('docs/openapi/agents.json is what the template and the contracts say: else run npm run openapi', () => {
  expect(JSON.parse(readFileSync('docs/openapi/agents.json', 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(document)),
  );
});

test('every reference leads to a schema, and every schema is referred to', () => {
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  );

  expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)));
});

test('tells of all that POST /feedback refuses, by itself and by API Gateway', () => {
  const { responses } = document.paths['/feedback']!['post']!;

  expect(Object.keys(responses).join(' ')).toBe('202 400 401 403 413 415 422 429 500 503');
  expect(responses['429']).toMatchObject({
    content: { 'application/json': { schema: { $ref: '#/components/schemas/GatewayMessage' } } },
  });
  expect(responses['503']).toHaveProperty('headers.Retry-After');
  expect(document.components.schemas['FeedbackRequest']).toMatchObject({
    additionalProperties: false,
    required: ['productId', 'text'],
  });
});

test('a route that nobody has described is refused', () => {
  const [id, route] = Object.entries(template.Resources ?? {}).find(
    ([, { Type }]) => Type === 'AWS::ApiGatewayV2::Route',
  )!;
  const changed = { ...route, Properties: { ...route.Properties, RouteKey: 'PATCH /feedback' } };

  expect(() => agentsOpenApi({ Resources: { ...template.Resources, [id]: changed } })).toThrow(
    'PATCH /feedback',
  );
});
