/** What the actions share: the stacks, and how a change of one is begun. It goes on after the call is answered. */
import { deleteStack, deployStack } from '../../assembly/engine.ts';
import { isBusy } from '../../assembly/stack.ts';
import type { Stack } from '../../assembly/stack.ts';
import { stackDoesNotExist } from '../../assembly/stacks.ts';
import type { Stacks } from '../../assembly/stacks.ts';
import type { Surroundings } from '../../assembly/surroundings.ts';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import type { Assets } from './assets.ts';
import { validationError } from './input.ts';
import type { TemplateSource } from './template-source.ts';

export interface Work {
  readonly context: AwsContext;
  readonly stacks: Stacks;
  readonly assets: Assets;
  /** @throws AwsError ValidationError */
  existing(nameOrId: string): Stack;
  /** @throws AwsError ValidationError when the stack is in no state to be changed */
  checkUpdatable(stack: Stack): void;
  begin(stack: Stack, source: TemplateSource, options: ChangeOptions): void;
  beginDeletion(stack: Stack, retain: readonly string[], token: string | undefined): void;
  /** Goes back to what the stack was before its last change. */
  beginRollback(stack: Stack, token: string | undefined): void;
  /** Resolves when nothing is under way any more. */
  settled(): Promise<void>;
  /**
   * Resolves then, too, or after a moment. Most changes take milliseconds here, and clients ask every few seconds
   * how far they are: an answer that waits a moment saves them the first wait.
   */
  settledSoon(): Promise<void>;
}

export interface ChangeOptions {
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly rollback: boolean;
  /** Deletes a new stack that fails. */
  readonly deleteOnFailure: boolean;
  readonly roleArn: string | undefined;
  readonly token: string | undefined;
}

/** Of the machine's time, whatever the embedded AWS's clock shows: it is for clients that poll. */
const SOON_MILLISECONDS = 2000;

/** States in which CloudFormation refuses a change. */
const NOT_UPDATABLE = [
  'ROLLBACK_COMPLETE',
  'ROLLBACK_FAILED',
  'CREATE_FAILED',
  'DELETE_FAILED',
  'DELETE_COMPLETE',
];

export function createWork(context: AwsContext, stacks: Stacks, assets: Assets): Work {
  const running = new Set<Promise<unknown>>();
  const former = new WeakMap<
    Stack,
    { source: TemplateSource; parameters: Readonly<Record<string, string>> }
  >();

  const surroundings = (rollback: boolean, token: string | undefined): Surroundings => ({
    asset: (key) => assets.find(key),
    fetchAssets: (properties) => assets.fetch(properties),
    workDirectory: assets.directory,
    rollback,
    token,
  });

  /** A failure is in the status and the events of the stack; there is nobody to throw it at. */
  const goOn = (work: Promise<unknown>): void => {
    const settled = work.catch(() => {}).finally(() => running.delete(settled));
    running.add(settled);
  };

  const work: Work = {
    context,
    stacks,
    assets,
    existing(nameOrId) {
      const stack = stacks.find(nameOrId);
      if (stack === undefined) throw stackDoesNotExist(nameOrId);
      return stack;
    },
    checkUpdatable(stack) {
      if (isBusy(stack) || NOT_UPDATABLE.includes(stack.status)) {
        throw validationError(`Stack:${stack.id} is in ${stack.status} state and can not be updated.`);
      }
    },
    begin(stack, { body, template }, options) {
      former.set(stack, {
        source: { body: stack.templateBody, template: stack.template },
        parameters: stack.parameters,
      });
      stack.tags = options.tags;
      stack.capabilities = options.capabilities;
      stack.roleArn = options.roleArn ?? stack.roleArn;
      stack.disableRollback = !options.rollback;
      const request = {
        ...surroundings(options.rollback, options.token),
        template,
        templateBody: body,
        parameters: options.parameters,
      };
      const deploy = deployStack(stacks, stack, request);
      goOn(
        deploy.catch(async (error: unknown) => {
          if (options.deleteOnFailure) await deleteStack(stacks, stack, request);
          throw error;
        }),
      );
    },
    beginDeletion(stack, retain, token) {
      if (stack.status === 'REVIEW_IN_PROGRESS') {
        stack.status = 'DELETE_COMPLETE';
        stack.deletedAt = context.clock.now();
        stacks.remove(stack);
        return;
      }
      goOn(deleteStack(stacks, stack, surroundings(true, token), { retain, token }));
    },
    beginRollback(stack, token) {
      const before = former.get(stack);
      if (stack.status === 'CREATE_FAILED' || before === undefined) {
        throw validationError(
          `Stack:${stack.id} is in ${stack.status} state and there is nothing it can be rolled back to. Delete it.`,
        );
      }
      const { source, parameters } = before;
      const back = deployStack(stacks, stack, {
        ...surroundings(true, token),
        template: source.template,
        templateBody: source.body,
        parameters,
      });
      goOn(
        back.then(() => {
          stack.status = 'UPDATE_ROLLBACK_COMPLETE';
          stacks.save(stack);
        }),
      );
    },
    async settled() {
      while (running.size > 0) await Promise.all(running);
    },
    async settledSoon() {
      let timer: NodeJS.Timeout | undefined;
      const soon = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, SOON_MILLISECONDS);
      });
      await Promise.race([work.settled(), soon]);
      clearTimeout(timer);
    },
  };
  return work;
}

export function changeSetNotFound(name: string): AwsError {
  return new AwsError('ChangeSetNotFoundException', `ChangeSet [${name}] does not exist`, 404, {
    queryCode: 'ChangeSetNotFound',
  });
}
