/** The results of conformance runs as text: for the terminal, and for the documentation. */
import { TARGET_TITLES, TARGETS, type ServiceResults, type TargetName } from './peers.ts';
import type { Result } from './results.ts';

/** One line a behaviour, failures with their reason. */
export function plainTable(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ behaviour }) => behaviour.length), 0);
  return results
    .map(({ service, behaviour, source, outcome, reason }) => {
      const line = `${service.padEnd(7)} ${outcome.padEnd(7)} ${behaviour.padEnd(width)}  ${source}`;
      return reason === undefined ? line : `${line}\n${' '.repeat(16)}${reason}`;
    })
    .join('\n');
}

/** `sqs: 140 passed, 3 failed, 2 not run`, a line a service. */
export function summary(results: readonly Result[]): string {
  const services = [...new Set(results.map(({ service }) => service))];
  return services
    .map((service) => {
      const count = (outcome: Result['outcome']) =>
        results.filter((result) => result.service === service && result.outcome === outcome).length;
      return `${service}: ${count('passed')} passed, ${count('failed')} failed, ${count('not run')} not run`;
    })
    .join('\n');
}

/** The tables of docs/conformance.md: a line a service, then a line a behaviour. */
export function publishedTable(compared: readonly ServiceResults[]): string {
  const titles = TARGETS.map((target) => TARGET_TITLES[target]).join(' | ');
  const head = (first: string) => `| ${first} | ${titles} |\n| --- |${' --- |'.repeat(TARGETS.length)}`;
  const overview = compared.map(
    ({ service, targets }) =>
      `| ${service} | ${TARGETS.map((target) => share(targets[target])).join(' | ')} |`,
  );
  const sections = compared.map(({ service, targets }) => {
    const behaviours = (targets.waybill ?? []).map(({ behaviour, source }) => {
      const marks = TARGETS.map((target) => mark(targets, target, behaviour));
      return `| [${cell(behaviour)}](${source}) | ${marks.join(' | ')} |`;
    });
    const missing = TARGETS.filter((target) => targets[target] === undefined).map(
      (target) => `${TARGET_TITLES[target]} was not compared.`,
    );
    return [`## ${service}`, ...missing, [head('behaviour'), ...behaviours].join('\n')].join('\n\n');
  });
  return `${[[head('service'), ...overview].join('\n'), ...sections].join('\n\n')}\n`;
}

function share(results: readonly Result[] | undefined): string {
  if (!results) return 'not compared';
  const count = (outcome: Result['outcome']) => results.filter((result) => result.outcome === outcome).length;
  const notRun = count('not run');
  const noAnswer = results.filter(
    ({ outcome, reason = '' }) => outcome === 'failed' && NO_ANSWER.test(reason),
  ).length;
  return [
    `${count('passed')} of ${results.length - notRun}`,
    ...(noAnswer > 0 ? [`${noAnswer} no answer`] : []),
    ...(notRun > 0 ? [`${notRun} not run`] : []),
  ].join(', ');
}

/** The call itself is missing or broke down, rather than behaving otherwise: an unknown action, or an error page. */
const NO_ANSWER =
  /Unknown action|UnknownOperation|InvalidAction|not been implemented|NotImplemented|<!doctype|<html/i;

const MARKS: Readonly<Record<Result['outcome'], string>> = {
  passed: 'yes',
  failed: '**no**',
  'not run': 'not run',
};

function mark(targets: ServiceResults['targets'], target: TargetName, behaviour: string): string {
  const result = targets[target]?.find((candidate) => candidate.behaviour === behaviour);
  if (result?.outcome === 'failed' && NO_ANSWER.test(result.reason ?? '')) return 'no answer';
  return result ? MARKS[result.outcome] : '';
}

function cell(text: string): string {
  return text.replaceAll(/[|[\]<>*_`]/g, (character) => `\\${character}`);
}
