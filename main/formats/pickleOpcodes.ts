import { type PickleMachine } from './pickleMachine.ts';
import { PickleDictionary, PickleList, PickleTuple } from './pickleValues.ts';

/** What torch.save writes (protocol 2), and its counterparts in the protocols up to 5. An opcode not in this list is refused. */
export const pickleOpcodes: ReadonlyMap<number, (machine: PickleMachine) => void> = new Map([
  [0x80, (m) => m.protocol(m.view.getUint8(m.take(1)))], // PROTO
  [0x95, (m) => m.frame(m.length(8))], // FRAME
  [0x4e, (m) => m.push(null)], // NONE
  [0x88, (m) => m.push(true)], // NEWTRUE
  [0x89, (m) => m.push(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.view.getInt32(m.take(4), true))], // BININT
  [0x4b, (m) => m.push(m.view.getUint8(m.take(1)))], // BININT1
  [0x4d, (m) => m.push(m.view.getUint16(m.take(2), true))], // BININT2
  [0x8a, (m) => m.push(m.long(m.length(1)))], // LONG1
  [0x47, (m) => m.push(m.view.getFloat64(m.take(8), false))], // BINFLOAT
  [0x58, (m) => m.push(m.text(m.length(4)))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.length(1)))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.text(m.length(8)))], // BINUNICODE8
  [0x28, (m) => m.pushMark()], // MARK
  [0x5d, (m) => m.push(new PickleList())], // EMPTY_LIST
  [0x61, (m) => m.append([m.pop()])], // APPEND
  [0x65, (m) => m.append(m.popToMark())], // APPENDS
  [0x29, (m) => m.push(new PickleTuple())], // EMPTY_TUPLE
  [0x74, (m) => m.push(new PickleTuple(m.popToMark()))], // TUPLE
  [0x85, (m) => m.push(new PickleTuple(m.popMany(1)))], // TUPLE1
  [0x86, (m) => m.push(new PickleTuple(m.popMany(2)))], // TUPLE2
  [0x87, (m) => m.push(new PickleTuple(m.popMany(3)))], // TUPLE3
  [0x7d, (m) => m.push(new PickleDictionary())], // EMPTY_DICT
  [0x73, (m) => m.setItems(m.popMany(2))], // SETITEM
  [0x75, (m) => m.setItems(m.popToMark())], // SETITEMS
  [0x71, (m) => m.put(m.length(1))], // BINPUT
  [0x72, (m) => m.put(m.length(4))], // LONG_BINPUT
  [0x94, (m) => m.memoize()], // MEMOIZE
  [0x68, (m) => m.get(m.length(1))], // BINGET
  [0x6a, (m) => m.get(m.length(4))], // LONG_BINGET
  [0x63, (m) => m.global(m.line(), m.line())], // GLOBAL
  [0x93, (m) => m.stackGlobal()], // STACK_GLOBAL
  [0x52, (m) => m.reduce()], // REDUCE
  [0x81, (m) => m.newObject()], // NEWOBJ
  [0x62, (m) => m.build()], // BUILD
  [0x51, (m) => m.persistentLoad()], // BINPERSID
]);
