/** Configurations of MSK: kept with their revisions, for the stacks that have them. The brokers here do not read them. */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import { conflict, notFound } from './errors.ts';
import { optionalText, page, requiredText, textList, wholeNumber, type Input } from './input.ts';
import type { Configuration } from './model.ts';

export interface Configurations {
  create(input: Input): Configuration;
  get(arn: string): Configuration;
  list(input: Input): { readonly items: readonly Configuration[]; readonly nextToken?: string };
  /** Adds a revision. */
  update(input: Input): Configuration;
  delete(arn: string): Configuration;
}

export function createConfigurations({ region, accountId, clock, state }: AwsContext): Configurations {
  const kept = state.collection<Configuration>('kafka.configurations');
  const configurations = new Map<string, Configuration>(kept.entries());
  const save = (configuration: Configuration): Configuration => {
    configurations.set(configuration.arn, configuration);
    kept.put(configuration.arn, configuration);
    return configuration;
  };
  const get = (arn: string): Configuration => {
    const configuration = configurations.get(arn);
    if (configuration) return configuration;
    throw notFound(`The configuration ${arn} does not exist.`);
  };
  const revision = (input: Input): Configuration['revisions'][number] => ({
    createdAt: clock.now(),
    description: optionalText(input, 'description') ?? '',
    serverProperties: requiredText(input, 'serverProperties'),
  });

  return {
    create(input) {
      const name = requiredText(input, 'name');
      if ([...configurations.values()].some((other) => other.name === name)) {
        throw conflict(`A configuration with the name ${name} already exists.`);
      }
      return save({
        arn: `arn:aws:kafka:${region}:${accountId}:configuration/${name}/${randomUUID()}-1`,
        name,
        description: optionalText(input, 'description') ?? '',
        kafkaVersions: textList(input, 'kafkaVersions'),
        createdAt: clock.now(),
        revisions: [revision(input)],
      });
    },
    get,
    list: (input) => page([...configurations.values()], input),
    update(input) {
      const before = get(requiredText(input, 'arn'));
      return save({ ...before, revisions: [...before.revisions, revision(input)] });
    },
    delete(arn) {
      const configuration = get(arn);
      configurations.delete(arn);
      kept.delete(arn);
      return configuration;
    },
  };
}

export function describeConfiguration(configuration: Configuration): Record<string, unknown> {
  return {
    arn: configuration.arn,
    name: configuration.name,
    description: configuration.description,
    kafkaVersions: configuration.kafkaVersions,
    creationTime: new Date(configuration.createdAt).toISOString(),
    latestRevision: describeRevision(configuration, configuration.revisions.length),
    state: 'ACTIVE',
  };
}

/** @param number from 1 */
export function describeRevision({ revisions }: Configuration, number: number): Record<string, unknown> {
  const revision = revisions[number - 1];
  if (!revision) throw notFound(`There is no revision ${number}.`);
  return {
    creationTime: new Date(revision.createdAt).toISOString(),
    description: revision.description,
    revision: number,
  };
}

/** The revision that a request names in its path. */
export function revisionIn(input: Input): number {
  const named = { revision: Number(input['revision']) };
  return wholeNumber(named, 'revision', 1, Number.MAX_SAFE_INTEGER, 1);
}
