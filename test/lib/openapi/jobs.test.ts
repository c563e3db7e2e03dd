import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { onlySystems } from '../../../lib/config/index.ts';
import { jobsOpenApi } from '../../../lib/openapi/jobs.ts';
import { synthesize } from '../stacks/synthesize.ts';

const template = synthesize('prod', { systems: onlySystems(['jobs']) }).templates['Jobs'] ?? {};
const document = jobsOpenApi(template) as unknown as {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses: Readonly<Record<string, object>> }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
};

test('docs/openapi/jobs.json is what the template and the contracts say: else run npm run openapi', () => {
  expect(JSON.parse(readFileSync('docs/openapi/jobs.json', 'utf8'))).toEqual(document);
});

test('every reference leads to a schema, and every schema is referred to', () => {
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
    ([, name]) => name,
  );

  expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)));
});

test('tells of all that POST /jobs refuses', () => {
  expect(Object.keys(document.paths['/jobs']?.['post']?.responses ?? {})).toEqual([
    '202',
    '400',
    '401',
    '403',
    '404',
    '413',
    '415',
    '429',
    '500',
    '503',
    '504',
  ]);
  expect(JSON.stringify(document.components.schemas['JobRequest'])).toContain('"additionalProperties":false');
});

test('a route that nobody has described is refused', () => {
  const [id, method] = Object.entries(template.Resources ?? {}).find(
    ([, { Type }]) => Type === 'AWS::ApiGateway::Method',
  )!;
  const changed = { ...method, Properties: { ...method.Properties, HttpMethod: 'PATCH' } };

  expect(() => jobsOpenApi({ Resources: { ...template.Resources, [id]: changed } })).toThrow('PATCH /jobs');
});
