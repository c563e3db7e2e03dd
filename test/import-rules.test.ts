/** The import rules of the design, checked by running the linter on files that break and keep them. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const forbidden: readonly [file: string, imported: string][] = [
  ['lib/contracts/a.ts', '../topology/index.ts'],
  ['lib/contracts/b.ts', 'aws-cdk-lib'],
  ['lib/contracts/c.ts', '@aws-sdk/client-sqs'],
  ['lib/topology/a.ts', '../constructs/index.ts'],
  ['lib/topology/b.ts', 'aws-cdk-lib/aws-sqs'],
  ['lib/constructs/a.ts', '../stacks/core-stack.ts'],
  ['lib/constructs/b.ts', '../../lambda/handlers/relay.ts'],
  ['lib/matching/a.ts', '../topology/index.ts'],
  ['lib/matching/b.ts', 'aws-cdk-lib'],
  ['lib/policies/a.ts', '../matching/index.ts'],
  ['lib/policies/b.ts', 'constructs'],
  ['lib/assembly/a.ts', '../policies/index.ts'],
  ['lib/assembly/b.ts', '../../local/assembly/index.ts'],
  ['lib/assembly/c.ts', 'aws-cdk-lib'],
  ['lib/access/a.ts', '../matching/index.ts'],
  ['lib/access/b.ts', '../constructs/index.ts'],
  ['lib/access/c.ts', 'aws-cdk-lib/aws-iam'],
  ['lib/guards/a.ts', '../stacks/core-stack.ts'],
  ['lib/guards/b.ts', '../proofs/index.ts'],
  ['lib/guards/c.ts', 'cdk-nag'],
  ['lib/proofs/a.ts', '../../catalog/index.ts'],
  ['lib/proofs/b.ts', '../guards/index.ts'],
  ['lib/proofs/c.ts', 'aws-cdk-lib'],
  ['lib/nag/a.ts', '../constructs/index.ts'],
  ['lib/nag/b.ts', '../config/index.ts'],
  ['lib/nag/c.ts', '../../bin/command-error.ts'],
  ['lib/estimate/a.ts', '../config/index.ts'],
  ['lib/stacks/a.ts', '../../lambda/handlers/relay.ts'],
  ['lambda/runtime/a.ts', '../../catalog/index.ts'],
  ['lambda/runtime/b.ts', 'aws-cdk-lib'],
  ['lambda/handlers/a.ts', '../../lib/constructs/index.ts'],
  ['lambda/handlers/b.ts', 'constructs'],
  ['lambda/core/a.ts', '../../lib/constructs/index.ts'],
  ['lambda/commerce/a.ts', '../../lib/constructs/index.ts'],
  ['lambda/commerce/b.ts', 'aws-cdk-lib'],
  ['lambda/commerce/c.ts', '../../local/kafka/index.ts'],
  ['lambda/commerce/orders/d.ts', '../../../lib/stacks/commerce-stack.ts'],
  ['lambda/http/a.ts', '../../lib/config/index.ts'],
  ['lambda/http/b.ts', 'constructs'],
  ['lambda/service/a.ts', '../../lib/topology/index.ts'],
  ['lambda/service/b.ts', '../../bin/command-error.ts'],
  ['catalog/a.ts', '../lambda/runtime/index.ts'],
  ['local/assembly/a.ts', '../../lib/stacks/core-stack.ts'],
  ['local/aws/a.ts', '../../lambda/runtime/index.ts'],
  ['local/aws/b.ts', 'aws-cdk-lib'],
  ['local/kafka/a.ts', '../../lambda/runtime/index.ts'],
  ['local/rabbitmq/a.ts', '../../lambda/runtime/index.ts'],
  ['local/brokers/a.ts', '../../lib/stacks/commerce-stack.ts'],
  ['local/failover/a.ts', '../../lambda/commerce/environment.ts'],
  ['local/failover/b.ts', 'aws-cdk-lib'],
  ['local/run/a.ts', '../../lambda/service/unit-of-work.ts'],
  ['local/workload/a.ts', '../../lambda/http/problem.ts'],
  ['browser/a.ts', '../lambda/push/ticket.ts'],
  ['browser/b.ts', 'node:crypto'],
  ['browser/c.ts', '../lib/contracts/index.ts'],
  ['browser/d.ts', 'zod'],
  ['browser/notifications/e.ts', '../../lambda/push/reader.ts'],
];
const allowed: readonly [file: string, imported: string][] = [
  ['lib/topology/ok.ts', '../contracts/index.ts'],
  ['lib/constructs/ok.ts', '../topology/index.ts'],
  ['lib/matching/ok.ts', '../json.ts'],
  ['lib/policies/ok.ts', '../json.ts'],
  ['lib/assembly/ok.ts', '../topology/index.ts'],
  ['lib/access/ok.ts', '../policies/index.ts'],
  ['lib/guards/ok.ts', '../access/index.ts'],
  ['lib/proofs/ok.ts', '../matching/index.ts'],
  ['lib/nag/ok.ts', '../guards/index.ts'],
  ['lib/nag/ok-too.ts', 'cdk-nag'],
  ['lib/stacks/ok.ts', '../../catalog/index.ts'],
  ['lambda/runtime/ok.ts', '../../lib/contracts/index.ts'],
  ['lambda/handlers/ok.ts', '../../catalog/index.ts'],
  ['lambda/commerce/ok.ts', '../runtime/index.ts'],
  ['lambda/commerce/ok-too.ts', '../../catalog/commerce/index.ts'],
  ['lambda/service/ok.ts', '../runtime/index.ts'],
  ['lambda/http/ok.ts', '../../lib/contracts/index.ts'],
  ['local/failover/ok.ts', '../../lib/topology/index.ts'],
  ['local/assembly/ok.ts', '../../lib/topology/index.ts'],
  ['browser/ok.ts', './notifications/client.ts'],
  ['browser/notifications/ok.ts', '../backoff.ts'],
  ['browser/notifications/ok-too.ts', '../../lambda/push/protocol.ts'],
  ['bin/ok.ts', '../lib/stacks/core-stack.ts'],
];

let directory: string;
let refused: ReadonlySet<string>;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-lint-'));
  cpSync('.oxlintrc.json', join(directory, '.oxlintrc.json'));
  for (const [file, imported] of [...forbidden, ...allowed]) {
    mkdirSync(dirname(join(directory, file)), { recursive: true });
    writeFileSync(join(directory, file), `import { x } from '${imported}';\nexport const y = x;\n`);
  }
  const oxlint = spawnSync(join(process.cwd(), 'node_modules/.bin/oxlint'), ['--format=json'], {
    cwd: directory,
    encoding: 'utf8',
  });
  const { diagnostics } = JSON.parse(oxlint.stdout) as { diagnostics: { code: string; filename: string }[] };
  refused = new Set(
    diagnostics.filter(({ code }) => code.includes('no-restricted-imports')).map(({ filename }) => filename),
  );
});

afterAll(() => rmSync(directory, { recursive: true }));

test.each(forbidden)('%s may not import %s', (file) => {
  expect(refused).toContain(file);
});

test.each(allowed)('%s may import %s', (file) => {
  expect(refused).not.toContain(file);
});
