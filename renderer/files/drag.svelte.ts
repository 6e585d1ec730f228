/** Whether a drag that began in this window is under way: its files are not to be imported again. */
class Drag {
  own: boolean = $state(false);
}

export const drag = new Drag();
