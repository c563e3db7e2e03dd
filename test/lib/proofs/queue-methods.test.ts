/** A REST API's route into a queue is proven: what is taken away or turned elsewhere is found, where it is. */
import { expect, test } from '@jest/globals';
import { assemblyOf, readAssembly } from '../../../lib/assembly/index.ts';
import type { JsonObject, SourceStack } from '../../../lib/assembly/index.ts';
import { onlySystems } from '../../../lib/config/index.ts';
import { proveAssembly } from '../../../lib/proofs/index.ts';
import { synthesize } from '../stacks/synthesize.ts';

const assembly = readAssembly(synthesize('prod', { systems: onlySystems(['jobs']) }).directory);
/** By stack and logical id: the paths of constructs are not in the templates. */
const METHOD = /^waybill-prod-jobs\/HttpApijobsPOST/;

/** What breaks when the integration of `POST /jobs` is changed so. */
function broken(change: (text: string) => string): readonly string[] {
  const stacks = assembly.stacks.map((stack): SourceStack => ({
    stackName: stack.stackName,
    ...(stack.isPlaced ? { account: stack.accountId, region: stack.region } : {}),
    template: {
      ...stack.template,
      Resources: Object.fromEntries(
        Object.entries(stack.template.Resources ?? {}).map(([id, resource]) => [
          id,
          resource.Type === 'AWS::ApiGateway::Method' && JSON.stringify(resource).includes('SendMessage')
            ? {
                ...resource,
                Properties: JSON.parse(change(JSON.stringify(resource.Properties))) as JsonObject,
              }
            : resource,
        ]),
      ),
    },
  }));
  return proveAssembly(assemblyOf(stacks, assembly.topology)).flatMap(({ breaks }) =>
    breaks.map(({ code, resource }) => `${code} ${resource}`),
  );
}

/** What is found of these templates as they are, because paths are missing. */
const before = new Set(broken((text) => text));

test.each<[string, (text: string) => string, string]>([
  ['another queue', (text) => text.replace('RequestsQueue', 'ResultsQueue'), 'WAYBILL_PROOF_NO_PATH'],
  ['no form', (text) => text.replace('x-www-form-urlencoded', 'json'), 'WAYBILL_PROOF_SETTING_DIFFERS'],
  ['any content type', (text) => text.replace('"NEVER"', '"WHEN_NO_MATCH"'), 'WAYBILL_PROOF_SETTING_DIFFERS'],
  ['no model', (text) => text.replace('"RequestModels"', '"Other"'), 'WAYBILL_PROOF_SETTING_DIFFERS'],
  [
    'another action',
    (text) => text.replace('Action=SendMessage', 'Action=PurgeQueue'),
    'WAYBILL_PROOF_SETTING_DIFFERS',
  ],
])('%s: found on the method', (_what, change, code) => {
  const found = broken(change).filter((one) => !before.has(one));

  expect(found.filter((one) => METHOD.test(one.replace(`${code} `, '')))).not.toEqual([]);
});
