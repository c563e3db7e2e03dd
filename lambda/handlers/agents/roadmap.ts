/** Agent `roadmap` behind a queue. */
export { roadmap as handler } from '../../agents/roadmap.ts';
