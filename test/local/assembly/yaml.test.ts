/** Templates in YAML. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseYaml } from '../../../local/assembly/yaml.ts';

describe('YAML', () => {
  test.each([
    ['short forms', 'A: !Ref B\nC: !GetAtt D.Arn', { A: { Ref: 'B' }, C: { 'Fn::GetAtt': 'D.Arn' } }],
    [
      'short forms over lists',
      'A: !Join\n  - ","\n  - [a, !Ref B]',
      { A: { 'Fn::Join': [',', ['a', { Ref: 'B' }]] } },
    ],
    [
      'lists as far left as their key',
      'A:\n- 1\n- b: c\n  d: e\n- - f',
      { A: [1, { b: 'c', d: 'e' }, ['f']] },
    ],
    [
      'literal blocks',
      'A: |\n  one\n    two\n\n  three\nB: |-\n  x\n',
      { A: 'one\n  two\n\nthree\n', B: 'x' },
    ],
    ['folded blocks', 'A: >\n  one\n  two\n\n  three\n', { A: 'one two\nthree\n' }],
    [
      'quoted texts',
      `A: "x\\n\\u0041 # no"\nB: 'it''s'\nC: "go\n  on"`,
      { A: 'x\nA # no', B: "it's", C: 'go on' },
    ],
    [
      'what looks like something else',
      'A: 2012-10-17\nB: 000123456789\nC: "1"\nD: a:b\nE: yes',
      { A: '2012-10-17', B: '000123456789', C: '1', D: 'a:b', E: 'yes' },
    ],
    [
      'scalars',
      'A: 1.5\nB: true\nC: null\nD:\nE: -3\nF: ~',
      { A: 1.5, B: true, C: null, D: null, E: -3, F: null },
    ],
    ['comments', '# x\nA: 1 # y\n\n  # z\nB: http://c#d', { A: 1, B: 'http://c#d' }],
    ['flow over lines', 'A: {b: [1,\n  2], c: "d}"}\nE: []', { A: { b: [1, 2], c: 'd}' }, E: [] }],
    ['plain texts over lines', 'A: one\n  two\nB: c', { A: 'one two', B: 'c' }],
    ['a document mark', '---\nA: 1\n', { A: 1 }],
    ['JSON', '{"A": {"Ref": "B"}, "C": [1, "2"]}', { A: { Ref: 'B' }, C: [1, '2'] }],
  ])('reads %s', (_what, source, expected) => {
    expect(parseYaml(source)).toEqual(expected);
  });

  test.each([
    ['anchors', 'A: &x 1\nB: *x', /line \d+: anchors and aliases/],
    ['a key that comes twice', 'A: 1\nA: 2', /the key A comes twice/],
    ['wrong indentation', 'A:\n  b: 1\n c: 2', /line 3/],
    ['an open quotation mark', 'A: "x', /quotation mark is missing/],
    ['an open bracket', 'A: [1, 2', /bracket is missing/],
  ])('refuses %s, with the line', (_what, source, message) => {
    expect(() => parseYaml(source)).toThrow(message);
  });

  test('reads the bootstrap template of the pinned CDK command line', () => {
    const file = 'node_modules/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml';
    const template = parseYaml(readFileSync(file, 'utf8')) as {
      readonly Resources: Record<string, { readonly Type: string }>;
      readonly Outputs: object;
    };
    expect(template.Resources['StagingBucket']?.Type).toBe('AWS::S3::Bucket');
    expect(template.Outputs).toHaveProperty('BootstrapVersion.Value');
  });
});
