/** Another revision of this repository in a temporary folder, for as long as a function needs it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';

/**
 * Checks a revision out beside the work tree, which is not touched, and takes it away again whatever happens.
 * Dependencies are those installed in `directory`: they are linked, not installed.
 *
 * @param directory within the repository; `use` gets the same directory of the revision
 * @throws CommandError WAYBILL_GIT_MISSING, WAYBILL_REVISION_UNKNOWN or WAYBILL_WORKTREE_FAILED
 */
export async function withRevision<Result>(
  directory: string,
  revision: string,
  use: (directory: string, commit: string) => Promise<Result>,
): Promise<Result> {
  const commit = commitOf(directory, revision);
  const prefix = git(directory, 'rev-parse', '--show-prefix').output;
  const parent = mkdtempSync(join(tmpdir(), 'waybill-revision-'));
  const root = join(parent, 'tree');
  try {
    const added = git(directory, 'worktree', 'add', '--detach', '--quiet', root, commit);
    if (!added.ok) {
      throw new CommandError(
        'WAYBILL_WORKTREE_FAILED',
        `git could not check ${revision} out: ${added.error}`,
      );
    }
    const there = join(root, prefix);
    const modules = join(directory, 'node_modules');
    if (existsSync(modules) && existsSync(there) && !existsSync(join(there, 'node_modules'))) {
      symlinkSync(modules, join(there, 'node_modules'), 'dir');
    }
    return await use(there, commit);
  } finally {
    git(directory, 'worktree', 'remove', '--force', root);
    rmSync(parent, { recursive: true, force: true });
    git(directory, 'worktree', 'prune');
  }
}

function commitOf(directory: string, revision: string): string {
  const inside = git(directory, 'rev-parse', '--is-inside-work-tree');
  if (!inside.ok) {
    throw new CommandError('WAYBILL_GIT_MISSING', `${directory} is no git repository: ${inside.error}`, {
      fix: 'run it inside the repository, or name the cdk.out directory to compare with',
    });
  }
  // Without the check of the first character a revision could be an option of git.
  const found = revision.startsWith('-')
    ? undefined
    : git(directory, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`);
  if (found === undefined || !found.ok) {
    throw new CommandError(
      'WAYBILL_REVISION_UNKNOWN',
      `"${revision}" is neither a revision of this repository nor a cdk.out directory`,
      { fix: 'give a branch, a tag, a commit such as HEAD~1, or the path of a cdk.out directory' },
    );
  }
  return found.output;
}

function git(
  directory: string,
  ...parameters: readonly string[]
): { ok: boolean; output: string; error: string } {
  const { status, stdout, stderr, error } = spawnSync('git', parameters, {
    cwd: directory,
    encoding: 'utf8',
  });
  return {
    ok: status === 0,
    output: stdout?.trim() ?? '',
    error: error?.message ?? stderr?.trim() ?? '',
  };
}
