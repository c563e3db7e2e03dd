/** Agent `priority` behind a queue. */
export { priority as handler } from '../../agents/priority.ts';
