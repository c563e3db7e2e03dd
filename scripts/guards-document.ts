/**
 * Writes docs/guards.md from the guards themselves: `node scripts/guards-document.ts`, and then `npx oxfmt`. A test
 * fails while the file says something else than the guards.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { guardExplanations } from '../bin/explanations/guards.ts';
import { codeOf, GUARDS, linkOf } from '../lib/guards/index.ts';
import type { Guard } from '../lib/guards/index.ts';

export const GUARDS_DOCUMENT = 'docs/guards.md';

/** The whole document. */
export function guardsDocument(): string {
  const files = filesByGuard();
  const explanations = guardExplanations();
  const rows = GUARDS.map(({ id, title, level }) => `| [${id}](#${anchorOf(id)}) | ${title} | ${level} |`);
  const sections = GUARDS.map((guard) => {
    const { fix = '', example = '' } = explanations[codeOf(guard)] ?? {};
    return [
      `### ${guard.id}`,
      `${guard.title}. (${guard.level})`,
      guard.explanation,
      ...tableOf(files.get(guard.id) ?? '', guard.id),
      `To mend it: ${fix}`,
      `\`\`\`\n${example}\n\`\`\``,
      `Source: ${guard.source.startsWith('docs/') ? `\`${guard.source}\`` : `<${linkOf(guard)}>`}`,
    ].join('\n\n');
  });
  return (
    [
      INTRODUCTION,
      '## The rules',
      ['| Rule | What is wrong where it finds something | Level |', '| --- | --- | --- |', ...rows].join(
        '\n',
      ),
      DISPATCH,
      commentTable(readFileSync('lib/guards/delivery-refusals.ts', 'utf8')) ?? '',
      '## Each rule',
      ...sections,
      '',
    ]
      .join('\n\n')
      .trimEnd() + '\n'
  );
}

const INTRODUCTION = `# Guards

A guard is one rule about a whole application: it reads the synthesized templates of all stacks as data, resolves what
refers to what, evaluates the policies as AWS does, and says where a message would be lost, delayed or leaked although
the deployment is green. Each is a file in \`lib/guards\`, with its decision table and its source. Waybill's constructs
are made so that no guard finds anything in them.

Any CDK application can be checked, with or without Waybill's constructs. It needs \`cdk-nag\` 3, and with it
CDK 2.257 or newer:

\`\`\`ts
import { Validations } from 'aws-cdk-lib';
import { WaybillChecks } from 'waybill/nag';

Validations.of(app).addPlugins(new WaybillChecks(app));
\`\`\`

Every finding is a message of its own, all of them in one run: the construct, the property, what was received, what is
allowed, the fix, and a code that \`waybill explain\` expands. An error fails the synth, a warning does not. What is not
known for certain, such as a queue or a key outside the application, is no finding; W4 alone warns of it. Names and ARNs
that CloudFormation would make up are shown in a made-up form. Where the rules themselves cannot be run, the synth fails
with \`WAYBILL_CHECKS_FAILED\`, and nothing is checked.

What is right in a case is acknowledged on the construct, or above it. With the name of the pack before the id the
finding stays in \`validation-report.json\` with its reason; a bare id, \`Waybill-W10\`, works too and leaves no trace.
CDK 2.257, the lowest that cdk-nag 3 takes, applies an acknowledgement with the name of the pack to the whole application;
there use bare ids.

\`\`\`ts
Validations.of(queue).acknowledge({ id: 'Waybill::Waybill-W10', reason: 'Drained every hour' });
\`\`\`

What a construct of Waybill acknowledges, such as W13 with \`extendsVisibility: true\`, stands with its reason in the
metadata of the resource too (\`waybill:acknowledged\`), for what reads templates alone. It holds for the value that was
found: with any other the rule finds it again.

What the guards found in 66 applications and templates of other people, and how much of it was true, is in
[other-applications.md](other-applications.md).

This file is written by \`node scripts/guards-document.ts\`.`;

const DISPATCH = `## Which rule reports a refused hop

Every hop on which AWS carries a message needs permissions: of the service, or of a role, on the target and on its key.
Each refusal is reported by exactly one rule, so that nothing falls through and nothing is said twice. W23 is not among
the traps of the design's list: it takes what no other rule names.`;

/** The decision table in the comment of the guard's file. Where a file has two guards, it is that of the first. */
function tableOf(source: string, id: string): readonly string[] {
  const first = /^\s+id: '(\w+)',$/m.exec(source)?.[1];
  const table = first === id ? commentTable(source) : undefined;
  return table === undefined ? [] : [table];
}

function commentTable(source: string): string | undefined {
  const comment = /^\/\*\*\n([\s\S]*?)\*\//.exec(source)?.[1] ?? '';
  const rows = comment
    .split('\n')
    .map((line) => line.replace(/^ \* ?/, ''))
    .filter((line) => line.startsWith('|'))
    .map((line) => (/^[|-]+$/.test(line) ? line.replaceAll(/\|-+/g, '| --- ') : line));
  return rows.length === 0 ? undefined : rows.join('\n');
}

function filesByGuard(): ReadonlyMap<string, string> {
  const sources = readdirSync('lib/guards')
    .filter((name) => /^[dw]\d/.test(name))
    .map((name) => readFileSync(`lib/guards/${name}`, 'utf8'));
  return new Map(
    sources.flatMap((source) =>
      [...source.matchAll(/^\s+id: '(\w+)',$/gm)].map(([, id = '']) => [id, source] as const),
    ),
  );
}

function anchorOf(id: Guard['id']): string {
  return id.toLowerCase();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  writeFileSync(GUARDS_DOCUMENT, guardsDocument());
}
