/** Task definitions: families of revisions. */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Input } from '../input.ts';
import { clientException, optionalText, requiredText } from './errors.ts';
import { launchOf } from './launch.ts';
import type { TaskDefinition } from './model.ts';
import { containersOf } from './task-definition.ts';

export interface TaskDefinitions {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** By ARN, `family:revision`, or a family for its newest one. @throws AwsError ClientException */
  get(reference: string): TaskDefinition;
}

const FAMILY = /^[\w-]{1,255}$/;

export function createTaskDefinitions(context: AwsContext): TaskDefinitions {
  const kept = context.state.collection<TaskDefinition>('ecs.task-definitions');
  const definitions = new Map<string, TaskDefinition>(kept.entries());
  const save = (definition: TaskDefinition): TaskDefinition => {
    definitions.set(definition.arn, definition);
    kept.put(definition.arn, definition);
    return definition;
  };
  const prefix = `arn:aws:ecs:${context.region}:${context.accountId}:task-definition/`;
  const ofFamily = (family: string): readonly TaskDefinition[] =>
    [...definitions.values()].filter((one) => one.family === family);
  const find = (reference: string): TaskDefinition | undefined => {
    const name = reference.replace(/^arn:[^/]+:task-definition\//, '');
    return definitions.get(prefix + name) ?? ofFamily(name).findLast(({ status }) => status === 'ACTIVE');
  };
  const get = (reference: string): TaskDefinition => {
    const found = find(reference);
    if (found === undefined) throw clientException('Unable to describe task definition.');
    return found;
  };

  return {
    get,
    actions: {
      RegisterTaskDefinition(input) {
        const family = requiredText(input, 'family');
        if (!FAMILY.test(family)) throw clientException(`The family ${family} is not valid.`);
        const containers = containersOf(input);
        if (!containers.some(({ image }) => image !== undefined)) {
          throw new AwsError(
            'ClientException',
            'The embedded AWS runs containers that start Node from an asset of the assembly that is deployed; none of these is one.',
          );
        }
        // What can't start is found now, and not with the first task.
        for (const { image, entryPoint, command, workingDirectory } of containers) {
          if (image === undefined) continue;
          launchOf(image, {
            ...(entryPoint && { entryPoint }),
            ...(command && { command }),
            ...(workingDirectory !== undefined && { workingDirectory }),
          });
        }
        const revision = Math.max(0, ...ofFamily(family).map((one) => one.revision)) + 1;
        const definition = save({
          arn: `${prefix}${family}:${revision}`,
          family,
          revision,
          status: 'ACTIVE',
          taskRoleArn: optionalText(input, 'taskRoleArn'),
          executionRoleArn: optionalText(input, 'executionRoleArn'),
          containers,
          settings: input,
        });
        return { taskDefinition: describe(definition) };
      },
      DescribeTaskDefinition: (input) => ({
        taskDefinition: describe(get(requiredText(input, 'taskDefinition'))),
      }),
      ListTaskDefinitions(input) {
        const family = optionalText(input, 'familyPrefix');
        const status = optionalText(input, 'status') ?? 'ACTIVE';
        const listed = [...definitions.values()].filter(
          (one) => one.status === status && (family === undefined || one.family === family),
        );
        return { taskDefinitionArns: listed.map(({ arn }) => arn) };
      },
      /** Tasks and services that have it keep it. */
      DeregisterTaskDefinition(input) {
        const definition = get(requiredText(input, 'taskDefinition'));
        return { taskDefinition: describe(save({ ...definition, status: 'INACTIVE' })) };
      },
    },
  };
}

function describe({ arn, family, revision, status, settings }: TaskDefinition) {
  return { ...settings, taskDefinitionArn: arn, family, revision, status };
}
