/** What jest does after the last test of a run. */
export { removeRunDirectory as default } from './run-directory.ts';
